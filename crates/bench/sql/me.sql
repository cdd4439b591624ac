-- What the server asks for GET /api/v1/users/me/: the standing of the token's account and session, then the account.
-- Mirrors identity::sessions::find_standing and identity::users::own; no session has the id of a user, which costs the
-- same look-up as one that exists.
SELECT u.is_active, u.is_staff, u.is_superuser, s.id IS NOT NULL AS signed_in, s.second_factor FROM users u LEFT JOIN sessions s ON s.id = :user_id AND s.user_id = u.id AND s.revoked_at IS NULL WHERE u.id = :user_id;
SELECT u.id, p.email, u.handle, u.name, u.bio, u.photo, p.birth_date, p.birth_time, p.birth_place, u.locale, u.flags, u.followers_count, u.following_count, u.posts_count, u.created_at, u.updated_at, s.privacy, s.dm_policy, s.language, s.quiet_hours, s.push_enabled, s.email_enabled, s.digest_enabled FROM users u JOIN user_settings s ON s.user_id = u.id JOIN user_pii p ON p.user_id = u.id WHERE u.id = :user_id;

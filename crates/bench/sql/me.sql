-- The floor of GET /api/v1/users/me/. It must mirror the statements the server sends for one request, in their
-- order and with the same columns; PLACEHOLDER until it has been compared with the server's.
-- :user_id is the id of a registered account.
SELECT * FROM users WHERE id = :user_id;

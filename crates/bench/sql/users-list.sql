-- The floor of GET /api/v1/users/ (first page of 20). It must mirror the statements the server sends for one
-- request, in their order and with the same columns; PLACEHOLDER until it has been compared with the server's.
-- :user_id is the id of a registered account: the one who is signed in.
SELECT * FROM users WHERE id = :user_id;
SELECT * FROM users ORDER BY created_at DESC, id DESC LIMIT 21;

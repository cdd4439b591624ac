//! Accounts beside those that are registered, made by the database itself.

/// Numbers from 1 on, as `c (n)`.
pub fn numbers(most: u32) -> String {
    format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {most})")
}

/// Statements that add so many accounts, whose ids are their numbers, like the one of this id. `following` is an expression
/// of `n`: how many the account of this number is said to follow.
pub fn accounts(count: u32, template: &str, following: &str) -> String {
    let crowd = numbers(count);
    format!(
        "{crowd} INSERT INTO users (id, handle, name, flags, password, following_count, search_text, created_at, updated_at) \
         SELECT n, 'crowd' || CAST(n AS TEXT), 'Crowd', flags, password, {following}, \
         'crowd' || CAST(n AS TEXT), created_at, updated_at FROM c, users WHERE id = {template}; \
         {crowd} INSERT INTO user_pii (user_id, email, email_key) \
         SELECT n, 'crowd' || CAST(n AS TEXT), 'crowd' || CAST(n AS TEXT) FROM c; \
         {crowd} INSERT INTO user_settings (user_id, quiet_hours) \
         SELECT n, quiet_hours FROM c, user_settings WHERE user_id = {template};"
    )
}

//! Recovery codes: each works once in place of the second factor.

use platform::{auth::hash_token, clock::random_hex, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

/// How many are made at a time.
const COUNT: usize = 10;
/// Digits of one: 80 bits.
const DIGITS: usize = 20;
/// Digits between two hyphens.
const GROUP: usize = 5;

/// New codes in place of all older ones, as they are shown to their owner: `3fa85-0c9d1-77b2e-4f10a`.
pub async fn renew(tx: &Tx, user: UserId) -> Result<Vec<String>, DbErr> {
    remove_all(tx, user).await?;
    let codes: Vec<String> = std::iter::repeat_with(random_hex::<{ DIGITS / 2 }>)
        .take(COUNT)
        .collect();
    let mut values: Vec<Value> = vec![user.0.into()];
    values.extend(codes.iter().map(|code| hash_token(code).into()));
    let rows: Vec<String> = (2..2 + COUNT).map(|number| format!("($1, ${number})")).collect();
    let text = format!(
        "INSERT INTO recovery_codes (user_id, code_hash) VALUES {}",
        rows.join(", ")
    );
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await?;
    Ok(codes.iter().map(|code| shown(code)).collect())
}

/// Uses up a code; whether it was one of the account.
pub async fn take(tx: &Tx, user: UserId, code: &str) -> Result<bool, DbErr> {
    let text = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id";
    let values = [user.0.into(), hash_token(&digits(code)).into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    Ok(tx.query_one_raw(statement).await?.is_some())
}

/// How many an account has left.
pub async fn count(on: &impl ConnectionTrait, user: UserId) -> Result<i64, DbErr> {
    let text = "SELECT count(*) FROM recovery_codes WHERE user_id = $1";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [user.0.into()]);
    match on.query_one_raw(statement).await? {
        Some(row) => row.try_get_by_index(0),
        None => Ok(0),
    }
}

/// Removes those of an account.
pub async fn remove_all(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    let text = "DELETE FROM recovery_codes WHERE user_id = $1";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, [user.0.into()]);
    tx.execute_raw(statement).await.map(drop)
}

/// Whether a text can be a recovery code and not one of an authenticator app.
pub fn is_shaped_like_one(text: &str) -> bool {
    let digits = digits(text);
    digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A code without what people put between its digits.
fn digits(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

fn shown(code: &str) -> String {
    let groups: Vec<&str> = (0..DIGITS / GROUP)
        .filter_map(|group| code.get(group * GROUP..(group + 1) * GROUP))
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_type_it() {
        let code = "3fa850c9d177b2e4f10a";
        assert_eq!(shown(code), "3fa85-0c9d1-77b2e-4f10a");
        for typed in [code, &shown(code), " 3FA85 0C9D1 77B2E 4F10A "] {
            assert!(is_shaped_like_one(typed), "{typed}");
            assert_eq!(digits(typed), code);
        }
        for other in [
            "",
            "123456",
            "123 456",
            "3fa85-0c9d1-77b2e-4f10",
            "3fa85-0c9d1-77b2e-4f10g",
        ] {
            assert!(!is_shaped_like_one(other), "{other}");
        }
    }
}

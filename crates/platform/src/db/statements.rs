//! How many statements a request costs: the number that must not grow with the length of a list.

use std::cell::Cell;

tokio::task_local! {
    static STATEMENTS: Cell<u32>;
}

/// Does `work` and says how many statements it sent to the main database.
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, u32) {
    let work = async move {
        let value = work.await;
        (value, STATEMENTS.with(Cell::get))
    };
    STATEMENTS.scope(Cell::new(0), work).await
}

/// Counts one; nothing outside of [`counted`].
pub(super) fn count() {
    let _ = STATEMENTS.try_with(|count| count.set(count.get() + 1));
}

//! Pages of lists in memory: the properties that a walk through a list has.

use super::*;

const ID: Sortable = Sortable {
    name: "id",
    kind: SortKind::Integer,
    column: ("t", "id"),
};
const RANK: Sortable = Sortable {
    name: "rank",
    kind: SortKind::Integer,
    column: ("t", "rank"),
};
const MADE: Sortable = Sortable {
    name: "made",
    kind: SortKind::Time,
    column: ("t", "made"),
};

fn page(query: &str) -> Result<Page, ApiError> {
    Paging::of(query, "http://h/x/".to_owned()).order(&[RANK, MADE, ID], "-id", ID)
}

/// What a database would do with the page's condition, order and limit.
fn find(rows: &[(i64, i64)], page: &Page) -> Vec<(i64, i64)> {
    let mut rows = rows.to_vec();
    let key = |row: &(i64, i64), name: &str| if name == "id" { row.0 } else { row.1 };
    let compare = |a: &(i64, i64), b: &[i64]| {
        page.order
            .iter()
            .zip(b)
            .fold(std::cmp::Ordering::Equal, |so_far, ((field, descending), b)| {
                so_far.then_with(|| {
                    let ordering = key(a, field.name).cmp(b);
                    if *descending == page.is_backward() {
                        ordering
                    } else {
                        ordering.reverse()
                    }
                })
            })
    };
    if let Some(position) = &page.position {
        let values: Vec<i64> = position
            .values
            .iter()
            .map(|value| if let SortValue::Integer(n) = value { *n } else { 0 })
            .collect();
        rows.retain(|row| compare(row, &values).is_gt());
    }
    rows.sort_by(|a, b| {
        compare(
            a,
            &page
                .order
                .iter()
                .map(|(field, _)| key(b, field.name))
                .collect::<Vec<_>>(),
        )
    });
    rows.truncate(page.size + 1);
    rows
}

fn answer(rows: &[(i64, i64)], query: &str) -> Paginated<(i64, i64)> {
    let page = page(query).expect("is valid");
    let found = find(rows, &page);
    page.answer(found, |row, name| {
        SortValue::Integer(if name == "id" { row.0 } else { row.1 })
    })
}

fn query_of(link: &str) -> String {
    link.split_once('?').expect("has a query").1.to_owned()
}

proptest::proptest! {
    #[test]
    fn a_walk_gives_everything_once_and_goes_back_the_same_way(
        ranks in proptest::collection::vec(0_i64..4, 0..40),
        size in 1_usize..7,
        ordering in proptest::sample::select(vec!["", "rank", "-rank", "rank,-id", "-id", "id", "-rank,id"]),
    ) {
        let rows: Vec<(i64, i64)> = ranks.iter().enumerate().map(|(n, rank)| (i64::try_from(n).unwrap_or(0), *rank)).collect();
        let mut pages = vec![answer(&rows, &format!("page_size={size}&ordering={ordering}"))];
        while let Some(next) = &pages[pages.len() - 1].next {
            pages.push(answer(&rows, &query_of(next)));
        }
        let mut seen: Vec<(i64, i64)> = pages.iter().flat_map(|page| page.results.clone()).collect();
        for (before, after) in pages.iter().zip(pages.iter().skip(1)) {
            let back = after.previous.as_deref().expect("leads back");
            proptest::prop_assert_eq!(&answer(&rows, &query_of(back)).results, &before.results);
        }
        proptest::prop_assert!(pages[0].previous.is_none());
        seen.sort_unstable();
        proptest::prop_assert_eq!(seen, rows);
    }

    #[test]
    fn no_cursor_crashes(junk: String, bytes: Vec<u8>) {
        let _ = decode(&junk, &[(ID, true)]);
        let _ = page(&junk);
        let _ = decode(&BASE64_URL_SAFE_NO_PAD.encode(bytes), &[(MADE, true), (ID, true)]);
    }
}

#[test]
fn sizes_out_of_range() {
    for (sent, size) in [
        ("", 20),
        ("0", 20),
        ("-1", 20),
        ("x", 20),
        ("7", 7),
        ("1000", 100),
        ("99999999999999999999", 20),
    ] {
        assert_eq!(
            page(&format!("page_size={sent}")).expect("is valid").size,
            size,
            "{sent}"
        );
    }
}

#[test]
fn cursors_of_other_makers_are_refused() {
    let cursor = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    for bad in [
        "zzz".to_owned(),
        cursor("o=-1"),
        cursor("[false,[]]"),
        cursor("[false,[1,2]]"),
        cursor("[false,[\"a\"]]"),
        cursor("[1,[1]]"),
    ] {
        assert!(page(&format!("cursor={bad}")).is_err(), "{bad}");
    }
    assert!(page(&format!("ordering=made&cursor={}", cursor("[false,[-1,1]]"))).is_err());
    assert!(
        page(&format!(
            "ordering=made&cursor={}",
            cursor("[false,[9223372036854775807,1]]")
        ))
        .is_err()
    );
    assert!(page("cursor=").is_ok());
}

#[test]
fn the_whole_link_is_a_cursor_too() {
    let rows: Vec<(i64, i64)> = (0..5).map(|n| (n, 0)).collect();
    let first = answer(&rows, "page_size=2");
    let link: String =
        url::form_urlencoded::byte_serialize(first.next.as_deref().expect("has more").as_bytes()).collect();
    assert_eq!(
        answer(&rows, &format!("page_size=2&cursor={link}")).results,
        [(2, 0), (1, 0)]
    );
}

#[test]
fn links_keep_the_other_parameters_in_order() {
    let rows: Vec<(i64, i64)> = (0..5).map(|n| (n, 0)).collect();
    let next = answer(&rows, "search=z%20z&page_size=1&ordering=id")
        .next
        .expect("has more");
    assert!(
        next.starts_with("http://h/x/?cursor=") && next.ends_with("&ordering=id&page_size=1&search=z+z"),
        "{next}"
    );
}

#[test]
fn pages_by_number() {
    let numbered = |query: &str| {
        let paging = Paging::of(query, "http://h/x/".to_owned()).numbered();
        paging
            .order(&[RANK, MADE, ID], "-id", ID)
            .map_err(|_| ())
            .expect("is a page")
    };
    let query = || sea_orm::sea_query::Query::select().column("id").from("t").take();
    let sql = numbered("page=3&page_size=5")
        .statement(query(), DbBackend::Sqlite)
        .sql;
    assert!(sql.ends_with(" LIMIT 6 OFFSET 10"), "{sql}");
    let answer = numbered("post=7&page=2&page_size=2").answer(vec![1, 2, 3], |_, _| SortValue::Integer(0));
    assert_eq!(answer.results, [1, 2]);
    assert_eq!(
        answer.next.as_deref(),
        Some("http://h/x/?page_size=2&post=7&page=3")
    );
    assert_eq!(
        answer.previous.as_deref(),
        Some("http://h/x/?page_size=2&post=7&page=1")
    );
    let last = numbered("page=1").answer(Vec::<i64>::new(), |_, _| SortValue::Integer(0));
    assert_eq!((last.next, last.previous), (None, None));
    for nonsense in ["page=0", "page=-1", "page=x", "page=99999999999", ""] {
        assert_eq!(numbered(nonsense).number, None, "{nonsense}");
    }
    assert_eq!(numbered("page=4294967295").number, Some(u32::MAX));
}

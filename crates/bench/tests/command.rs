//! The whole program against a stand-in server, `examples/canned.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn canned() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_bench"))
        .with_file_name("examples")
        .join("canned")
}

fn bench(server: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--db", "sqlite", "--connections", "4", "--users", "10"])
        .args(["--sockets", "60", "--subscribers", "12", "--pairs", "3"])
        .args(["--seconds", "1", "--warmup", "0", "--rounds", "1", "--bin"])
        .arg(server)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn all_scenarios_are_measured_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output = bench(&canned(), &["all", "--json", json.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let table = text(&output.stdout);
    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let outcomes = report["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 17);
    for outcome in outcomes {
        assert!(table.contains(outcome["scenario"].as_str().unwrap()), "{table}");
        // Connections are opened once, however many there are time for.
        let least = if outcome["scenario"] == "ws-idle" {
            1.0
        } else {
            100.0
        };
        assert!(
            outcome["requests_per_second"].as_f64().unwrap() > least,
            "{outcome}"
        );
        assert!(
            outcome["latency_micros"]["p50"].as_u64().unwrap() > 0,
            "{outcome}"
        );
        assert!(
            outcome["server_peak_memory_bytes"].as_u64().unwrap() > 100_000,
            "{outcome}"
        );
        assert_eq!(outcome["failures"], 0);
    }
    let comparison = &report["comparisons"][0];
    assert_eq!(
        (&comparison["scenario"], &comparison["compared_with"]),
        (&json!("user-detail-popular"), &json!("user-detail"))
    );
    assert!(comparison["p50_ratio"].as_f64().unwrap() > 0.0, "{comparison}");
    assert!(
        table.contains("user-detail-popular compared with user-detail on sqlite: requests/s ×"),
        "{table}"
    );
    let of = |name: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome["scenario"] == name)
            .unwrap()
    };
    assert!(of("post-create")["errand_millis"].as_f64().unwrap() > 0.0);
    assert!(of("sign-in")["ratio_to_floor"].as_f64().unwrap() > 0.0);
    let mixed = of("me-during-sign-in");
    assert!(mixed["background_per_second"].as_f64().unwrap() > 100.0);
    assert!(mixed["quiet"]["requests_per_second"].as_f64().unwrap() > 100.0);
    let idle = of("ws-idle");
    assert_eq!(
        (&idle["sockets"]["connections"], &idle["requests"]),
        (&json!(60), &json!(59))
    );
    assert!(
        idle["sockets"]["memory_per_connection_bytes"].is_number(),
        "{idle}"
    );
    let fanout = of("ws-fanout");
    assert_eq!(fanout["sockets"]["connections"], 12);
    assert!(
        fanout["sockets"]["messages_per_second"].as_f64().unwrap() > 10.0,
        "{fanout}"
    );
    assert!(fanout["ratio_to_floor"].as_f64().unwrap() > 0.0, "{fanout}");
    let dm = of("ws-dm");
    assert_eq!(dm["sockets"]["connections"], 6);
    let half = &dm["sockets"]["half_rate"];
    let asked = half["asked_per_second"].as_f64().unwrap();
    assert!(
        (asked * 2.0 - dm["requests_per_second"].as_f64().unwrap()).abs() < 1.0,
        "{dm}"
    );
    assert!(half["arrived_per_second"].as_f64().unwrap() > asked / 4.0, "{dm}");
    assert!(half["latency_micros"]["p99"].as_u64().unwrap() > 0, "{dm}");
}

#[test]
fn messages_that_do_not_arrive_fail_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let losing = folder.path().join("losing");
    fs::copy(canned(), &losing).unwrap();
    let output = bench(&losing, &["ws-dm", "--patience", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout) + &text(&output.stderr);
    assert!(table.contains("did not arrive within 1 s"), "{table}");
}

#[test]
fn wrong_counters_after_the_load_fail_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let miscounting = folder.path().join("miscounting");
    fs::copy(canned(), &miscounting).unwrap();
    let output = bench(&miscounting, &["follow-churn"]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    assert!(
        table.contains("wrong after the load: 1 accounts with a wrong count of followers or followed"),
        "{table}"
    );
}

#[test]
fn a_refused_request_fails_the_run_and_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = folder.path().join("refusing");
    fs::copy(canned(), &refusing).unwrap();
    let output = bench(&refusing, &["login"]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    assert!(
        table.contains("first failure: status 401, body: {\"token\""),
        "{table}"
    );
}

#[test]
fn a_server_that_does_not_start_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    fs::write(&broken, "#!/bin/sh\necho DATABASE_URL is wrong >&2\nexit 3\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&broken, mode).unwrap();
    let output = bench(&broken, &["me"]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("exit status: 3"), "{complaint}");
    assert!(complaint.contains("DATABASE_URL is wrong"), "{complaint}");
}

#[test]
fn a_missing_server_says_how_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("bench");
    fs::copy(env!("CARGO_BIN_EXE_bench"), &alone).unwrap();
    let output = Command::new(alone).arg("me").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cargo build --release"));
}

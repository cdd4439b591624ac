//! Input that no client of ours sends: whatever comes, the answer is no 5xx and has the shape that clients read.

mod api;
mod attack;
mod huge;
mod memory;
mod raw;
mod slow;
mod values;

use platform::testing::TestApp;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use tokio::runtime::Runtime;

use self::{
    api::Endpoint,
    raw::{address, exchange},
};
pub use self::{api::endpoints, huge::with_id};
use crate::{
    social::Fake,
    support::{self, TestUser},
};

/// Requests per endpoint.
const CASES: u32 = 150;

#[test]
fn no_request_breaks_an_endpoint() {
    let runtime = Runtime::new().expect("a runtime");
    // Without apps at the providers, sign-in through them would be unavailable (503) as it should.
    let fake = runtime.block_on(Fake::start());
    let app = runtime.block_on(fake.app());
    for endpoint in runtime.block_on(api::endpoints(&app)) {
        // An endpoint may end sessions or accounts: each has its own.
        let user = runtime.block_on(support::user(&app));
        let other = runtime.block_on(support::user(&app));
        attack_endpoint(&runtime, &app, &endpoint, &user, other.id);
        runtime.block_on(app.client().get("/health")).expect(200);
    }
    runtime.block_on(app.stop());
}

fn attack_endpoint(runtime: &Runtime, app: &TestApp, endpoint: &Endpoint, user: &TestUser, other: i64) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let token = user.client.token.clone().expect("is signed in");
    let outcome = TestRunner::new(config).run(&attack::attacks(endpoint, [user.id, other]), |attack| {
        let request = attack.bytes(&token);
        match runtime.block_on(exchange(address(&app.url), &request, false)) {
            None => Err(TestCaseError::fail("no answer")),
            Some(answer) => attack
                .refuse(&answer)
                .map_or(Ok(()), |problem| Err(TestCaseError::fail(problem))),
        }
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(problem, attack)) => panic!("{problem}\nto: {attack:?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

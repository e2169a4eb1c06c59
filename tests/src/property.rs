//! Properties that hold for all of many random cases. The cases are the same at each run; one that fails is made smaller.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Checks that `holds` gives no objection to any of so many cases.
pub fn check<S>(cases: u32, strategy: &S, holds: impl AsyncFn(&S::Value) -> Result<(), String>)
where
    S: Strategy,
    S::Value: Debug,
{
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let checked = runner.run(strategy, |case| {
        let waiting = || tokio::runtime::Handle::current().block_on(holds(&case));
        tokio::task::block_in_place(waiting).map_err(TestCaseError::fail)
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

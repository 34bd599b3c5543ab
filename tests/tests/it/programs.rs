//! Random programs: the same steps on PostgreSQL and in memory, which must look the same after each of them, and break no
//! rule.
//!
//! A program that fails is made as short as it can be and printed, with what to set to run it again:
//!
//! - `COMMANDBUS_PROGRAM`: the program, as it was printed;
//! - `COMMANDBUS_SEED`: the seed of the first program, a number; each further one has the next;
//! - `COMMANDBUS_PROGRAMS`, `COMMANDBUS_STEPS`: how many programs, and how many steps the longest may have.

mod deeds;
mod routing;
mod step;
mod twins;
mod view;

use std::{
    env,
    fmt::Display,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use commandbus_tests::report;
use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use self::{step::Step, twins::Twins};

/// So many at once; each has a server process, and waits for it most of the time.
const AT_ONCE: u64 = 3;

const PROGRAMS: u64 = 80;
const STEPS: usize = 60;

/// Enough to make a program short, and not so many that a failure takes all day.
const SHRINKS: u32 = 400;

/// The steps that were done, those of programs that failed and were made shorter included.
static DONE: AtomicU64 = AtomicU64::new(0);

fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// Runs a program; says after which step what was wrong.
async fn run(program: &[Step]) -> Result<(), String> {
    let mut twins = Twins::new().await;
    for (number, step) in program.iter().enumerate() {
        let after = |fault| format!("after step {number}, {step:?}:\n{fault}");
        twins.take(step).await.map_err(after)?;
        twins.compare().await.map_err(after)?;
        DONE.fetch_add(1, Ordering::Relaxed);
    }
    twins.compare_trails().await
}

fn block_on<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run)
}

/// Runs the program of a seed, and when it fails, shorter ones; the words for the shortest.
fn try_seed(seed: u64, longest: usize) -> Result<(), String> {
    let config = Config { cases: 1, max_shrink_iters: SHRINKS, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tried =
        runner.run(&vec(step::any_step(), 0..=longest), |program| block_on(run(&program)).map_err(TestCaseError::fail));
    match tried {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, program)) => Err(format!(
            "{why}\n\nAgain, all of it: COMMANDBUS_SEED={seed} COMMANDBUS_PROGRAMS=1 COMMANDBUS_STEPS={longest}\n\
             Again, this one: COMMANDBUS_PROGRAM='{}'",
            serde_json::to_string(&program).unwrap(),
        )),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn random_programs_do_the_same_on_both_stores_and_break_no_rule() {
    if let Ok(program) = env::var("COMMANDBUS_PROGRAM") {
        let program: Vec<Step> = serde_json::from_str(&program).expect("it is a program, as it was printed");
        return block_on(run(&program)).unwrap_or_else(|fault| panic!("{fault}"));
    }
    let first: u64 = setting("COMMANDBUS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let programs = setting("COMMANDBUS_PROGRAMS").unwrap_or(PROGRAMS);
    let longest = setting("COMMANDBUS_STEPS").unwrap_or(STEPS);
    report(format_args!("seeds {first} to {}", first + programs - 1));
    let next = AtomicU64::new(0);
    let some = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < programs) {
            try_seed(first + seed, longest)?;
        }
        Ok(())
    };
    let faults: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE.min(programs)).map(|_| scope.spawn(some)).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("faults are returned").err()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    report(format_args!("{programs} programs, {} steps", DONE.load(Ordering::Relaxed)));
}

//! Buckets under a clock that the test moves.

use super::*;

const LIMITS: RateLimits = RateLimits { post: 3, put: 60, delete: 0, get: 1000, mgmt_post: 1 };

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn project(name: &str) -> ProjectId {
    ProjectId::from(name)
}

fn post(buckets: &mut Buckets, of: &str, now: Duration) -> Result<(), TooOften> {
    buckets.take(&LIMITS, &project(of), (&Method::POST, "/instances"), now)
}

#[test]
fn a_minute_s_worth_may_come_at_once_and_then_one_at_a_time() {
    let mut buckets = Buckets::default();
    for _ in 0..3 {
        assert_eq!(post(&mut buckets, "p", seconds(100)), Ok(()));
    }
    let refused = |wait| Err(TooOften { limit: Limit::Post, per_minute: 3, wait });
    for _ in 0..2 {
        assert_eq!(post(&mut buckets, "p", seconds(100)), refused(seconds(20)));
    }
    assert_eq!(post(&mut buckets, "p", seconds(119)), refused(seconds(1)));
    assert_eq!(post(&mut buckets, "p", seconds(120)), Ok(()));
    assert_eq!(post(&mut buckets, "p", seconds(120)), refused(seconds(20)));
    for _ in 0..3 {
        assert_eq!(post(&mut buckets, "p", seconds(1000)), Ok(()));
    }
    assert!(post(&mut buckets, "p", seconds(1000)).is_err());
}

#[test]
fn projects_and_verbs_have_buckets_of_their_own() {
    let mut buckets = Buckets::default();
    let now = seconds(0);
    for _ in 0..3 {
        assert_eq!(post(&mut buckets, "p", now), Ok(()));
    }
    assert!(post(&mut buckets, "p", now).is_err());
    assert_eq!(post(&mut buckets, "q", now), Ok(()));
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(buckets.take(&LIMITS, &project("p"), (&method, "/instances"), now), Ok(()));
    }
}

#[test]
fn what_is_not_limited_never_fills_a_bucket() {
    let mut buckets = Buckets::default();
    for method in [Method::PATCH, Method::DELETE, Method::HEAD] {
        for _ in 0..10_000 {
            let asked = (&method, "/instances/i");
            assert_eq!(buckets.take(&LIMITS, &project("p"), asked, seconds(0)), Ok(()));
        }
    }
    assert!(buckets.of.is_empty());
}

#[test]
fn managing_counts_twice() {
    let mut buckets = Buckets::default();
    let mut manage =
        |path: &str| buckets.take(&LIMITS, &project("p"), (&Method::POST, path), seconds(0));
    assert_eq!(manage("/mgmt/instances/i/action"), Ok(()));
    let refused = manage("/mgmt/instances/i/action").unwrap_err();
    assert_eq!((refused.limit, refused.wait), (Limit::MgmtPost, seconds(60)));
    assert_eq!(manage("/mgmtx"), Ok(()));
    assert_eq!(manage("/instances"), Ok(()), "what was refused took nothing");
    assert!(manage("/instances").is_err());
}

#[test]
fn a_standing_says_what_is_left_and_how_long_to_wait() {
    let mut buckets = Buckets::default();
    let of = |buckets: &Buckets, now| buckets.standings(&LIMITS, &project("p"), now)[0];
    let standing =
        |remaining, wait| Standing { limit: Limit::Post, per_minute: 3, remaining, wait };
    assert_eq!(of(&buckets, seconds(0)), standing(3, seconds(0)));
    for left in [2, 1] {
        post(&mut buckets, "p", seconds(0)).unwrap();
        assert_eq!(of(&buckets, seconds(0)), standing(left, seconds(0)));
    }
    post(&mut buckets, "p", seconds(0)).unwrap();
    assert_eq!(of(&buckets, seconds(5)), standing(0, seconds(15)));
    let limits: Vec<Limit> = buckets
        .standings(&LIMITS, &project("p"), seconds(0))
        .iter()
        .map(|standing| standing.limit)
        .collect();
    assert_eq!(limits, [Limit::Post, Limit::Put, Limit::Get, Limit::MgmtPost], "DELETE is off");
}

#[test]
fn idle_projects_take_no_memory() {
    let mut buckets = Buckets::default();
    for number in 0..1000 {
        post(&mut buckets, &format!("p{number}"), seconds(10)).unwrap();
    }
    assert_eq!(buckets.of.len(), 1000);
    post(&mut buckets, "late", seconds(100)).unwrap();
    assert_eq!(buckets.of.len(), 1);
}

#[test]
fn a_generous_limit_is_exact_too() {
    let limits = RateLimits { post: 7, put: 0, delete: 0, get: 6007, mgmt_post: 0 };
    let mut buckets = Buckets::default();
    for (method, count) in [(Method::POST, 7), (Method::GET, 6007)] {
        for _ in 0..count {
            let asked = (&method, "/instances");
            assert_eq!(buckets.take(&limits, &project("p"), asked, seconds(1)), Ok(()));
        }
        let refused = buckets.take(&limits, &project("p"), (&method, "/instances"), seconds(1));
        assert!(refused.is_err(), "{method}");
    }
}

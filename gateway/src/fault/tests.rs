//! The table, row by row.

use super::*;
use domain::quota::Resource;
use uuid::Uuid;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(7));

fn key_of(fault: &Fault) -> (u16, &'static str) {
    let (status, key, _) = fault.row();
    (status.as_u16(), key)
}

#[test]
fn every_refusal_of_a_taskmanager_has_its_status() {
    let rows = [
        (Rejection::InstanceNotFound, 404, "itemNotFound"),
        (Rejection::InstanceExists, 422, "unprocessableEntity"),
        (Rejection::CreationAbandoned, 409, "conflict"),
        (Rejection::QuotaExceeded { resources: vec![] }, 413, "overLimit"),
        (Rejection::DeadlinePassed, 503, "serviceUnavailable"),
        (Rejection::Damaged, 503, "serviceUnavailable"),
        (Rejection::LogUnavailable, 503, "serviceUnavailable"),
        (Rejection::NotUnderstood, 503, "serviceUnavailable"),
    ];
    for (rejection, status, key) in rows {
        let fault = Fault::Refused(INSTANCE, rejection);
        assert_eq!(key_of(&fault), (status, key), "{fault:?}");
    }
}

#[test]
fn every_fault_of_the_gateway_has_its_status() {
    let rows = [
        (Fault::invalid("x"), 400, "badRequest"),
        (Fault::Unauthorized, 401, "unauthorized"),
        (Fault::OtherProject { token_project: "p".into() }, 403, "forbidden"),
        (Fault::Denied { rule: "r" }, 403, "forbidden"),
        (Fault::NoRoute, 404, "itemNotFound"),
        (Fault::no_instance(&INSTANCE), 404, "itemNotFound"),
        (Fault::BodyTooLarge { bytes_max: 1 }, 413, "overLimit"),
        (Fault::MediaType, 415, "badMediaType"),
        (Fault::Internal, 500, "instanceFault"),
        (Fault::NotOffered(String::new()), 501, "notImplemented"),
        (Fault::NotCaughtUp, 503, "serviceUnavailable"),
        (Fault::NotFounded, 503, "serviceUnavailable"),
        (Fault::IdentityUnavailable, 503, "serviceUnavailable"),
        (Fault::Overloaded, 503, "serviceUnavailable"),
    ];
    for (fault, status, key) in rows {
        assert_eq!(key_of(&fault), (status, key), "{fault:?}");
    }
}

#[test]
fn used_up_quotas_are_listed_as_a_python_list_in_order() {
    let resources = vec![Resource::Volumes, Resource::Instances];
    let (.., text) = Fault::Refused(INSTANCE, Rejection::QuotaExceeded { resources }).row();
    assert_eq!(text, "Quota exceeded for resources: ['instances', 'volumes'].");
}

#[test]
fn an_unknown_outcome_names_request_and_instance() {
    let (.., text) = Fault::OutcomeUnknown { request_id: "req-1".into(), instance: INSTANCE }.row();
    assert!(text.contains("req-1") && text.contains(&INSTANCE.to_string()));
}

#[test]
fn a_volume_over_the_maximum_is_refused_in_the_words_that_clients_know() {
    let (status, _, text) = Fault::VolumeTooLarge { max_gib: 10, asked: "50".to_owned() }.row();
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text, "Volume 'size' cannot exceed maximum of 10 GB, 50 cannot be accepted.");
}

//! The table, row by row.

use super::*;
use domain::quota::Resource;
use uuid::Uuid;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(7));

fn refused(rejection: Rejection) -> Fault {
    Fault::Refused { instance: INSTANCE, words: Words::UNKNOWN, rejection }
}

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
        (Rejection::InstanceBusy, 422, "unprocessableEntity"),
        (Rejection::DatabaseDown, 422, "unprocessableEntity"),
        (Rejection::SameFlavor, 400, "badRequest"),
        (Rejection::VolumeNotLarger { current_gib: 2 }, 400, "badRequest"),
        (Rejection::DeadlinePassed, 503, "serviceUnavailable"),
        (Rejection::Damaged, 503, "serviceUnavailable"),
        (Rejection::LogUnavailable, 503, "serviceUnavailable"),
        (Rejection::Parameter(domain::catalogue::Rejection::Wider), 400, "badRequest"),
        (Rejection::NotUnderstood, 503, "serviceUnavailable"),
    ];
    for (rejection, status, key) in rows {
        let fault = refused(rejection);
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
        (Fault::NotAdmin, 403, "forbidden"),
        (Fault::NoRoute, 404, "itemNotFound"),
        (Fault::NotAcceptable, 406, "notAcceptable"),
        (Fault::no_instance(&INSTANCE), 404, "itemNotFound"),
        (Fault::BodyTooLarge { bytes_max: 1 }, 413, "overLimit"),
        (Fault::MediaType, 415, "badMediaType"),
        (Fault::Internal, 500, "instanceFault"),
        (Fault::NotOffered(String::new()), 501, "notImplemented"),
        (Fault::GuestSilent { instance: INSTANCE }, 503, "serviceUnavailable"),
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
fn every_failure_of_a_guest_has_its_status() {
    let rows = [
        (ActionCause::Exists, 400, "badRequest"),
        (ActionCause::NotFound, 404, "itemNotFound"),
        (ActionCause::Statement, 400, "badRequest"),
        (ActionCause::DiskFull, 422, "unprocessableEntity"),
        (ActionCause::ServerWontStart, 422, "unprocessableEntity"),
        (ActionCause::EngineMissing, 503, "serviceUnavailable"),
        (ActionCause::Overdue, 503, "serviceUnavailable"),
    ];
    for (cause, status, key) in rows {
        let fault = Fault::ActionFailed { instance: INSTANCE, cause, text: "why".to_owned() };
        assert_eq!(key_of(&fault), (status, key), "{fault:?}");
    }
}

#[test]
fn an_instance_that_can_t_be_worked_with_is_named_with_its_status() {
    let words = Words { status: "ACTIVE", database: "ERROR" };
    let text = |rejection| Fault::Refused { instance: INSTANCE, words, rejection }.row().2;
    assert_eq!(
        text(Rejection::DatabaseDown),
        format!("Instance {INSTANCE} is not ready, status: ERROR.")
    );
    assert_eq!(
        text(Rejection::InstanceBusy),
        format!(
            "Instance {INSTANCE} is not currently available for an action to be performed \
             (instance status was ACTIVE)."
        )
    );
}

#[test]
fn used_up_quotas_are_listed_as_a_python_list_in_order() {
    let resources = vec![Resource::Volumes, Resource::Instances];
    let (.., text) = refused(Rejection::QuotaExceeded { resources }).row();
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

//! The body of `PUT /mgmt/quotas/{project}`.

use super::document::Document;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use domain::ids::ProjectId;
use domain::quota::Overrides;

/// Longer than any project's id.
const PROJECT_CHARS_MAX: usize = 255;

/// The least figure: without limit.
const UNLIMITED: i64 = -1;

/// The project that a path names. Whether there is one is the identity service's affair.
///
/// # Errors
/// When no project has such an id.
pub(crate) fn project(text: String) -> Result<ProjectId, Fault> {
    if text.is_empty() || text.chars().nth(PROJECT_CHARS_MAX).is_some() {
        return Err(Fault::invalid(format!(
            "A project's id has 1 to {PROJECT_CHARS_MAX} characters."
        )));
    }
    Ok(ProjectId(text))
}

/// The figures that are to change; null leaves one as it is.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn overrides(document: &Document) -> Result<Overrides, Fault> {
    let field = document.under("quotas")?;
    let body = field.object()?;
    let mut overrides = Overrides::default();
    if body.keys().next().is_none() {
        return Err(field.refused("names no resource"));
    }
    for key in body.keys() {
        let figure = match key {
            "instances" => &mut overrides.instances,
            "ram" => &mut overrides.ram_mb,
            "volumes" => &mut overrides.volumes_gib,
            "backups" => &mut overrides.backups,
            _ => {
                let missing = Missing::QuotaResource(catalogue::shown(key));
                return Err(Fault::NotFound(missing));
            }
        };
        let Some(value) = body.optional(key) else { continue };
        let limit = value.signed()?;
        if limit < UNLIMITED {
            return Err(Fault::Invalid(format!(
                "Quota limit '{limit}' for '{key}' is too small - must be at least '{UNLIMITED}'."
            )));
        }
        *figure = Some(limit);
    }
    Ok(overrides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Overrides, Fault> {
        overrides(&Document::parse(body.to_string().as_bytes())?)
    }

    #[test]
    fn figures_are_integers_of_at_least_minus_one_and_null_is_none() {
        let body = json!({"quotas": {"instances": 5, "ram": -1, "volumes": 0, "backups": null}});
        let expected =
            Overrides { instances: Some(5), ram_mb: Some(-1), volumes_gib: Some(0), backups: None };
        assert_eq!(read(&body), Ok(expected));
        let text = "Quota limit '-2' for 'instances' is too small - must be at least '-1'.";
        assert_eq!(read(&json!({"quotas": {"instances": -2}})), Err(Fault::invalid(text)));
        for body in [
            json!({}),
            json!({"quotas": {}}),
            json!({"quotas": null}),
            json!({"quotas": [1]}),
            json!({"quotas": {"instances": "5"}}),
            json!({"quotas": {"instances": 1.5}}),
            json!({"quotas": {"instances": true}}),
            json!({"quotas": {"ram": 9_223_372_036_854_775_808_u64}}),
        ] {
            assert!(matches!(read(&body), Err(Fault::Invalid(_))), "{body}");
        }
    }

    #[test]
    fn an_unknown_resource_is_not_found() {
        let fault = read(&json!({"quotas": {"cows": 5}})).unwrap_err();
        assert_eq!(fault, Fault::NotFound(Missing::QuotaResource("cows".to_owned())));
    }

    #[test]
    fn a_project_s_id_has_an_end() {
        assert!(project("p".repeat(255)).is_ok());
        assert!(project("p".repeat(256)).is_err());
        assert!(project(String::new()).is_err());
    }
}

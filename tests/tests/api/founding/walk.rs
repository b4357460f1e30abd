//! The table of the documents' calls, and what all of them have in common.

use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;
use testkit::stack::{Answer, Api};

/// The proposal's calls, then the guide's, as they are headed there.
const CALLS: [&str; 36] = [
    "POST /mgmt/datastores",
    "PATCH /mgmt/datastores/{id}",
    "POST /mgmt/datastores/versions",
    "PATCH /mgmt/datastores/{datastore_id}/{version_id}",
    "PATCH /mgmt/datastores/versions/{uuid}",
    "POST /instances",
    "GET /instances",
    "GET /instances?all_tenants=1",
    "GET /instances/{id}",
    "PATCH /instances/{id}",
    "DELETE /instances/{id}",
    "POST /instances/{id}/action: restart",
    "POST /instances/{id}/action: resize the instance",
    "POST /instances/{id}/action: resize the volume",
    "POST /instances/{id}/databases",
    "GET /instances/{id}/databases",
    "DELETE /instances/{id}/databases/{name}",
    "POST /instances/{id}/users",
    "GET /instances/{id}/users",
    "DELETE /instances/{id}/users/{name}",
    "GET /instances/{id}/configuration",
    "GET /datastores",
    "GET /datastores/{name}",
    "GET /datastores/{name}/versions/{version}/parameters",
    "GET /datastores/{name}/versions/{version}/parameters/{parameter}",
    "POST /configurations",
    "DELETE /configurations/{id}",
    "GET /configurations/{id}",
    "GET /configurations",
    "PUT /configurations/{id}",
    "GET /configurations/{id}/instances",
    "PUT /instances/{id}: attach",
    "PUT /instances/{id}: detach",
    "GET /flavors",
    "GET /mgmt/quotas/{project}",
    "PUT /mgmt/quotas/{project}",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Trove,
    Founding,
}

/// A session that remembers which calls it has made.
pub(super) struct Walk {
    pub(super) dialect: Dialect,
    pub(super) api: Api,
    pub(super) admin: Api,
    made: BTreeSet<&'static str>,
}

impl Walk {
    pub(super) fn new(dialect: Dialect, api: Api, admin: Api) -> Self {
        Self { dialect, api, admin, made: BTreeSet::new() }
    }

    /// Makes a call of the table as a member of the project.
    pub(super) async fn call(
        &mut self,
        call: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let method = self.note(call);
        self.api.ask(method, path, body.as_ref()).await
    }

    /// Makes a call of the table as an administrator; a member is refused it.
    pub(super) async fn manage(
        &mut self,
        call: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let method = self.note(call);
        let refused = self.api.ask(method.clone(), path, body.as_ref()).await?;
        assert_eq!((refused.status, &*refused.fault().unwrap().0), (403, "forbidden"), "{call}");
        self.admin.ask(method, path, body.as_ref()).await
    }

    /// Makes a call that is answered at once, with at least what `sample` has.
    pub(super) async fn show(
        &mut self,
        call: &'static str,
        path: &str,
        sample: &Value,
    ) -> anyhow::Result<Value> {
        let answer = self.call(call, path, None).await?;
        Ok(self.shaped(call, &answer, sample))
    }

    /// Makes a call that is answered with no body.
    pub(super) async fn tell(
        &mut self,
        call: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<()> {
        let answer = self.call(call, path, body).await?;
        let status = if self.dialect == Dialect::Founding { 204 } else { 202 };
        assert_eq!((answer.status, &*answer.text), (status, ""), "{call}: {answer:?}");
        Ok(())
    }

    /// The body of an answer that has at least what `sample` has.
    pub(super) fn shaped(&self, call: &str, answer: &Answer, sample: &Value) -> Value {
        assert_eq!(answer.status, 200, "{call}: {answer:?}");
        let body = answer.json();
        self.compare(call, sample, &body);
        body
    }

    /// Where the dialects differ, only the guide's own is held against the sample.
    fn compare(&self, what: &str, sample: &Value, given: &Value) {
        let fits = match (sample, given) {
            // What the sample does not tell may be anything that it can be.
            (Value::Null, _) => true,
            (Value::Object(sample), Value::Object(given)) => {
                for (key, value) in sample {
                    let is_other = matches!(key.as_str(), "ip" | "min" | "max" | "quotas");
                    if is_other && self.dialect == Dialect::Trove {
                        continue;
                    }
                    let what = format!("{what}.{key}");
                    let found = given.get(key).unwrap_or_else(|| panic!("{what} is missing"));
                    self.compare(&what, value, found);
                }
                true
            }
            (Value::Array(sample), Value::Array(given)) => {
                for item in given {
                    self.compare(what, &sample[0], item);
                }
                !given.is_empty()
            }
            (Value::Bool(_), Value::Bool(_))
            | (Value::Number(_), Value::Number(_))
            | (Value::String(_), Value::String(_)) => true,
            (
                Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_),
                _,
            ) => false,
        };
        assert!(fits, "{what} is {given}, and the sample {sample}");
    }

    fn note(&mut self, call: &'static str) -> Method {
        assert!(CALLS.contains(&call), "{call} is none of the documents'");
        self.made.insert(call);
        call.split(' ').next().unwrap().parse().unwrap()
    }

    pub(super) fn check_that_all_were_made(&self) {
        let left: Vec<&&str> = CALLS.iter().filter(|call| !self.made.contains(**call)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

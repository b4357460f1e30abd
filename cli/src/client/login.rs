//! Logging in at any Keystone v3, and where its catalog says that the databases are.

use super::credentials::{Credentials, Domain, Named, Proof, Secret};
use super::http::{Answer, Ask, Http, SendError};
use crate::failure::{Failure, Kind, Outcome};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

const WHAT: &str = "log in";
/// The type of the service in catalogs.
const SERVICE: &str = "database";

/// A token, and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) token: Secret,
    /// The API with the project in it, without a slash at the end.
    pub(crate) endpoint: String,
    pub(crate) project_id: String,
}

/// Logs in.
pub(crate) async fn log_in(http: &mut Http, credentials: &Credentials) -> Outcome<Session> {
    let answer = match (&credentials.proof, &credentials.project) {
        // It is for its project already, and some services exchange no tokens.
        (Proof::Token(token), None) => look_at(http, credentials, token).await?,
        (Proof::Token(_) | Proof::Password { .. } | Proof::Application { .. }, _) => {
            ask_for(http, credentials).await?
        }
    };
    session(&answer, credentials)
}

async fn ask_for(http: &mut Http, credentials: &Credentials) -> Outcome<Answer> {
    let body = body(credentials);
    let url = format!("{}/auth/tokens", credentials.auth_url);
    let ask = Ask { method: Method::POST, url, headers: Vec::new(), body: Some(&body) };
    happy(http.send(ask).await)
}

async fn look_at(http: &mut Http, credentials: &Credentials, token: &Secret) -> Outcome<Answer> {
    let url = format!("{}/auth/tokens", credentials.auth_url);
    let headers = vec![("X-Auth-Token", token.0.as_str()), ("X-Subject-Token", token.0.as_str())];
    happy(http.send(Ask { method: Method::GET, url, headers, body: None }).await)
}

fn happy(sent: Result<Answer, SendError>) -> Outcome<Answer> {
    match sent {
        Ok(answer) if answer.status.is_success() => Ok(answer),
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => {
            Err(Failure::new(Kind::NoAnswer, WHAT, "there is no Keystone v3 at OS_AUTH_URL"))
        }
        Ok(answer) if answer.status.is_redirection() => {
            let to = answer.header("location").unwrap_or("elsewhere").to_owned();
            let why = format!("the identity service has moved to {to}");
            Err(Failure::usage(WHAT, why).advise("change OS_AUTH_URL"))
        }
        Ok(answer) => Err(Failure::of_answer(WHAT, &answer)),
        Err(SendError::Unusable(why)) => Err(Failure::usage(WHAT, why)),
        Err(SendError::Lost(why)) => {
            let advice = if why.contains("certificate") {
                "if the certificate is good, name who signed it with OS_CACERT"
            } else {
                "check OS_AUTH_URL, and whether the service runs"
            };
            Err(Failure::new(Kind::NoAnswer, WHAT, why).advise(advice))
        }
    }
}

fn body(credentials: &Credentials) -> Value {
    let identity = match &credentials.proof {
        Proof::Password { user, password } => {
            let mut user = named(user);
            user["password"] = json!(password.0);
            json!({"methods": ["password"], "password": {"user": user}})
        }
        Proof::Token(token) => json!({"methods": ["token"], "token": {"id": token.0}}),
        Proof::Application { id, secret } => json!({
            "methods": ["application_credential"],
            "application_credential": {"id": id, "secret": secret.0},
        }),
    };
    let mut auth = json!({"identity": identity});
    if let Some(project) = &credentials.project {
        auth["scope"] = json!({"project": named(project)});
    }
    json!({"auth": auth})
}

fn named(named: &Named) -> Value {
    match named {
        Named::Id(id) => json!({"id": id}),
        Named::Name { name, domain: Domain::Id(id) } => json!({"name": name, "domain": {"id": id}}),
        Named::Name { name, domain: Domain::Name(domain) } => {
            json!({"name": name, "domain": {"name": domain}})
        }
    }
}

fn session(answer: &Answer, credentials: &Credentials) -> Outcome<Session> {
    let odd = |why: &str| Failure::new(Kind::Refused, WHAT, why);
    let token = answer.header("x-subject-token").ok_or_else(|| odd("no token came"))?;
    let body = answer.json();
    let project_id = body["token"]["project"]["id"].as_str().ok_or_else(|| {
        odd("the token is for no project").advise("set OS_PROJECT_NAME, or OS_PROJECT_ID")
    })?;
    let endpoint = endpoint(&body["token"]["catalog"], credentials)?;
    Ok(Session { token: Secret(token.to_owned()), endpoint, project_id: project_id.to_owned() })
}

/// The address of the databases, by interface and region.
fn endpoint(catalog: &Value, credentials: &Credentials) -> Outcome<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let all: Vec<Value> = list(catalog)
        .iter()
        .filter(|service| service["type"] == SERVICE)
        .flat_map(|service| list(&service["endpoints"]))
        .collect();
    let is_of = |endpoint: &&Value| {
        let region = credentials.region.as_deref();
        let regions = ["region", "region_id"].map(|key| endpoint[key].as_str());
        endpoint["interface"] == credentials.interface.as_str()
            && (region.is_none() || regions.contains(&region))
    };
    if let Some(url) = all.iter().find(is_of).and_then(|endpoint| endpoint["url"].as_str()) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let wanted = match &credentials.region {
        Some(region) => format!("the interface {} in region {region}", credentials.interface),
        None => format!("the interface {}", credentials.interface),
    };
    let text = |endpoint: &Value, key: &str| endpoint[key].as_str().unwrap_or("?").to_owned();
    let found: Vec<String> = all
        .iter()
        .map(|each| format!("{} in {}", text(each, "interface"), text(each, "region")))
        .collect();
    let why = format!("the catalog has no service of type {SERVICE} with {wanted}");
    let failure = Failure::new(Kind::NotFound, WHAT, why);
    Err(match found[..] {
        [] => failure.advise("it has none of that type: ask whoever runs the cloud"),
        _ => failure.advise(format!("it has: {}", found.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(interface: &str, region: Option<&str>) -> Credentials {
        Credentials {
            auth_url: "http://x/v3".to_owned(),
            proof: Proof::Token(Secret("t".to_owned())),
            project: Some(Named::Id("p".to_owned())),
            region: region.map(str::to_owned),
            interface: interface.to_owned(),
            cacert: None,
        }
    }

    #[test]
    fn the_address_is_chosen_by_interface_and_region() {
        let at = |region: &str, interface: &str| {
            let url = format!("http://{interface}.{region}/v1.0/p/");
            json!({"interface": interface, "region": region, "region_id": region, "url": url})
        };
        let catalog = json!([
            {"type": "compute", "endpoints": [at("A", "public")]},
            {"type": "database", "endpoints": [at("A", "admin"), at("A", "public"), at("B", "public")]},
        ]);
        let found = |interface, region| endpoint(&catalog, &credentials(interface, region));
        assert_eq!(found("public", None).unwrap(), "http://public.A/v1.0/p");
        assert_eq!(found("public", Some("B")).unwrap(), "http://public.B/v1.0/p");
        assert_eq!(found("admin", Some("A")).unwrap(), "http://admin.A/v1.0/p");
        let failure = found("internal", Some("A")).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.to_string().contains("public in B"), "{failure}");
        assert!(endpoint(&json!([]), &credentials("public", None)).is_err());
    }

    #[test]
    fn the_log_in_says_who_and_for_what() {
        let body = body(&Credentials {
            proof: Proof::Password {
                user: Named::Name { name: "u".into(), domain: Domain::Name("D".into()) },
                password: Secret("s".into()),
            },
            ..credentials("public", None)
        });
        let identity = json!({"methods": ["password"], "password": {"user": {
            "name": "u", "domain": {"name": "D"}, "password": "s",
        }}});
        let scope = json!({"project": {"id": "p"}});
        assert_eq!(body, json!({"auth": {"identity": identity, "scope": scope}}));
    }
}

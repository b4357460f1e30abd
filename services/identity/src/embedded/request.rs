//! The body of `POST /v3/auth/tokens`, parsed.
//!
//! A complaint names the place in the body and never repeats a value: it may be a password.

use serde_json::{Map, Value};

use crate::users::Secret;

/// A log-in, well formed; nothing of it is checked against anything yet.
pub(super) struct LogIn {
    pub(super) proof: Proof,
    pub(super) scope: Scope,
}

/// What the client shows for itself.
pub(super) enum Proof {
    Password {
        user: Named,
        password: Secret,
    },
    Token {
        token: String,
    },
    Credential {
        credential: CredentialName,
        secret: Secret,
    },
    /// One of Keystone's other methods, or several at once.
    Unsupported,
}

/// A user or project, by id or by its name in a domain.
pub(super) enum Named {
    Id(String),
    /// Names are looked up in the one domain that there is.
    Name {
        name: String,
        is_in_default_domain: bool,
    },
}

/// An application credential, by id or by the user's name for it.
pub(super) enum CredentialName {
    Id(String),
    OfUser { user: Named, name: String },
}

/// What the token shall be for.
pub(super) enum Scope {
    /// Nothing said: the user's default project.
    Absent,
    Unscoped,
    Project(Named),
    /// A domain or the system, where nobody here has a role.
    Elsewhere,
}

/// Reads the body.
pub(super) fn parse(body: &[u8]) -> Result<LogIn, String> {
    // Where and why it is no JSON is left out: serde's text may quote the body.
    let value: Value =
        serde_json::from_slice(body).map_err(|_| "The body is not valid JSON.".to_owned())?;
    let body = Node { value: &value, path: String::new() };
    let auth = body.need("auth")?;
    let identity = auth.need("identity")?;
    Ok(LogIn { proof: proof(&identity)?, scope: scope(&auth)? })
}

fn proof(identity: &Node<'_>) -> Result<Proof, String> {
    let methods = identity.need("methods")?;
    let names = methods.value.as_array().ok_or_else(|| methods.must_be("a list"))?;
    let mut names = names
        .iter()
        .map(|name| name.as_str().ok_or_else(|| methods.must_be("a list of strings")))
        .collect::<Result<Vec<_>, _>>()?;
    names.dedup();
    match names[..] {
        [] => Err(methods.must_be("a list of at least one method")),
        ["password"] => {
            let user = identity.need("password")?.need("user")?;
            let password = user.need("password")?.secret()?;
            Ok(Proof::Password { user: named(&user)?, password })
        }
        ["token"] => {
            let token = identity.need("token")?.need("id")?.text()?.to_owned();
            Ok(Proof::Token { token })
        }
        ["application_credential"] => credential(&identity.need("application_credential")?),
        _ => Ok(Proof::Unsupported),
    }
}

fn credential(node: &Node<'_>) -> Result<Proof, String> {
    let secret = node.need("secret")?.secret()?;
    let credential = match node.find("id")? {
        Some(id) => CredentialName::Id(id.text()?.to_owned()),
        None => CredentialName::OfUser {
            name: node.need("name")?.text()?.to_owned(),
            user: named(&node.need("user")?)?,
        },
    };
    Ok(Proof::Credential { credential, secret })
}

fn scope(auth: &Node<'_>) -> Result<Scope, String> {
    let Some(scope) = auth.find("scope")? else {
        return Ok(Scope::Absent);
    };
    if let Some(word) = scope.value.as_str() {
        return match word {
            "unscoped" => Ok(Scope::Unscoped),
            _ => Err(scope.must_be("an object or the word `unscoped`")),
        };
    }
    match (scope.find("project")?, scope.find("domain")?, scope.find("system")?) {
        (Some(project), None, None) => Ok(Scope::Project(named(&project)?)),
        (None, Some(domain), None) => {
            is_default_domain(&domain)?;
            Ok(Scope::Elsewhere)
        }
        (None, None, Some(system)) => {
            system.object()?;
            Ok(Scope::Elsewhere)
        }
        _ => Err(scope.must_be("for exactly one of `project`, `domain` and `system`")),
    }
}

fn named(node: &Node<'_>) -> Result<Named, String> {
    if let Some(id) = node.find("id")? {
        return Ok(Named::Id(id.text()?.to_owned()));
    }
    let name = node.need("name")?.text()?.to_owned();
    let is_in_default_domain = is_default_domain(&node.need("domain")?)?;
    Ok(Named::Name { name, is_in_default_domain })
}

fn is_default_domain(domain: &Node<'_>) -> Result<bool, String> {
    match domain.find("id")? {
        Some(id) => Ok(id.text()? == super::view::DOMAIN_ID),
        None => Ok(domain.need("name")?.text()? == super::view::DOMAIN_NAME),
    }
}

/// A value and its place in the body.
struct Node<'a> {
    value: &'a Value,
    /// Member names joined by dots; empty for the body as a whole.
    path: String,
}

impl<'a> Node<'a> {
    fn object(&self) -> Result<&'a Map<String, Value>, String> {
        self.value.as_object().ok_or_else(|| self.must_be("an object"))
    }

    /// The member of that name; `null` is as good as none.
    fn find(&self, key: &str) -> Result<Option<Node<'a>>, String> {
        Ok(self.object()?.get(key).filter(|value| !value.is_null()).map(|value| Node {
            value,
            path: if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) },
        }))
    }

    fn need(&self, key: &str) -> Result<Node<'a>, String> {
        self.find(key)?.ok_or_else(|| format!("Expecting to find {key} in {}.", self.place()))
    }

    fn text(&self) -> Result<&'a str, String> {
        self.value.as_str().ok_or_else(|| self.must_be("a string"))
    }

    fn secret(&self) -> Result<Secret, String> {
        self.text().map(Secret::new)
    }

    fn must_be(&self, what: &str) -> String {
        format!("{} must be {what}.", self.place())
    }

    fn place(&self) -> &str {
        if self.path.is_empty() { "the request body" } else { &self.path }
    }
}

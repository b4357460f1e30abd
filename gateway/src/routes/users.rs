//! Users inside an instance. Their rights on databases have a module of their own.

use super::{Answer, Named, Params, add_next, next, shown, to_change};
use crate::call::Call;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::accounts::UserAsked;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::{inside, page};
use crate::view::inside::UserView;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use domain::guest::{Query, QueryAnswer, UserSeen};
use domain::instance::action::{Account, PasswordChange};
use domain::instance::spec::NewUser;
use domain::instance::{ActionSpec, Live};
use serde_json::json;
use std::sync::Arc;

/// `GET /instances/{id}/users`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let page = page::by_name(&params, gateway.config.page_size)?;
    let answer = gateway.ask(&live, Query::Users(page)).await?;
    let QueryAnswer::Users { users, has_more } = answer else {
        return Err(gateway.unanswered(&live));
    };
    let views: Vec<_> = users.iter().map(UserView::of).collect();
    let mut body = json!({ "users": views });
    if let Some(UserSeen { account, .. }) = users.last().filter(|_| has_more) {
        let marker = format!("{}@{}", account.name, account.host);
        add_next(&mut body, "users", &next(&call, &uri, &marker));
    }
    Ok(Json(body).into_response())
}

/// `GET /instances/{id}/users/{user}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let user = find(&gateway, &live, &user).await?;
    Ok(shown("user", &UserView::of(&user)))
}

/// The user that a path names, from the database itself.
pub(super) async fn find(gateway: &Gateway, live: &Live, text: &str) -> Result<UserSeen, Fault> {
    let account = inside::account(text);
    let missing = || Fault::NotFound(Missing::User(catalogue::shown(&account.name)));
    // A reserved name is hidden, and what is no name is nobody's.
    inside::check_account(live.spec.version.manager, &account).map_err(|_| missing())?;
    match gateway.ask(live, Query::User(account.clone())).await? {
        QueryAnswer::User(found) => found.ok_or_else(missing),
        QueryAnswer::Health(_)
        | QueryAnswer::Databases { .. }
        | QueryAnswer::Users { .. }
        | QueryAnswer::Logs(_)
        | QueryAnswer::LogTail(_)
        | QueryAnswer::Unavailable { .. } => Err(gateway.unanswered(live)),
    }
}

/// `POST /instances/{id}/users`.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user:create")?;
    let users = inside::users(live.spec.version.manager, &document)?;
    let route = format!("POST /instances/{}/users", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    make(Change::new(&gateway, &call, &live, command), users).await
}

/// `POST /instances/{id}/users/{user}`: how openstacksdk makes a user.
pub(crate) async fn create_one(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user:create")?;
    let asked = inside::user_at(live.spec.version.manager, &document, &user)?;
    let route = format!("POST /instances/{}/users/{user}", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    make(Change::new(&gateway, &call, &live, command), vec![asked]).await
}

async fn make(mut change: Change<'_>, asked: Vec<UserAsked>) -> Answer {
    let seal = |user: UserAsked| {
        let password = change.seal(&user.password)?;
        let UserAsked { name, host, databases, .. } = user;
        Ok(NewUser { name, host, password, databases })
    };
    let users = asked.into_iter().map(seal).collect::<Result<_, Fault>>()?;
    change.finish(ActionSpec::CreateUsers { users }).await
}

/// `PUT /instances/{id}/users`: other passwords.
pub(crate) async fn change_passwords(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user:update_all")?;
    let asked = inside::passwords(live.spec.version.manager, &document)?;
    let route = format!("PUT /instances/{}/users", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let mut change = Change::new(&gateway, &call, &live, command);
    let seal = |user: UserAsked| {
        let password = change.seal(&user.password)?;
        let account = Account { name: user.name, host: user.host };
        Ok(PasswordChange { account, password })
    };
    let users = asked.into_iter().map(seal).collect::<Result<_, Fault>>()?;
    change.finish(ActionSpec::ChangePasswords { users }).await
}

/// `PUT /instances/{id}/users/{user}`.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user:update")?;
    let manager = live.spec.version.manager;
    let account = inside::account(&user);
    inside::check_account(manager, &account)?;
    let update = inside::user_update(manager, &document)?;
    let route = format!("PUT /instances/{}/users/{}@{}", live.id, account.name, account.host);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let mut change = Change::new(&gateway, &call, &live, command);
    let password = update.password.as_ref().map(|password| change.seal(password)).transpose()?;
    let inside::UserUpdate { name, host, .. } = update;
    change.finish(ActionSpec::UpdateUser { account, name, host, password }).await
}

/// `DELETE /instances/{id}/users/{user}`.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user:delete")?;
    let account = inside::account(&user);
    inside::check_account(live.spec.version.manager, &account)?;
    let route = format!("DELETE /instances/{}/users/{}@{}", live.id, account.name, account.host);
    let command = command_id(&headers, (&call.project, &route), None)?;
    let change = Change::new(&gateway, &call, &live, command);
    change.finish(ActionSpec::DeleteUser { account }).await
}

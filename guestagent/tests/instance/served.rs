//! An instance that serves, and what is asked of it.

use domain::guest::{
    ActionBody, ActionCause, ActionFailure, ActionOutcome, Database, DatabaseHealth, Page, Query,
    QueryAnswer, UserChange, UserSeen, UserToMake,
};
use domain::instance::action::Account;
use domain::secret::Sealed;

use crate::bench::{Bench, Level};
use crate::engines::{Client, Engine};
use crate::plane::{Document, Plane, Prepare};

/// An instance of its own plane, prepared without any database or user.
pub(crate) struct Served {
    pub(crate) plane: Plane,
    pub(crate) bench: Bench,
    pub(crate) revision: u64,
}

impl Served {
    pub(crate) async fn start(engine: Engine) -> Self {
        Self::at(engine, Level::Plain).await
    }

    /// The same, kept apart in another way.
    pub(crate) async fn at(engine: Engine, level: Level) -> Self {
        Self::on(Bench::new(engine, level)).await
    }

    /// The same, on a bench of the test's own making.
    pub(crate) async fn on(mut bench: Bench) -> Self {
        let engine = bench.engine;
        let plane = Plane::start().await;
        bench.join(&plane);
        bench.start_shim();
        let served = Self { plane, bench, revision: 10 };
        let prepare = Prepare { id: 1, ..Prepare::default() };
        served.offer(Document::new(engine, 10, Some(prepare))).await;
        assert_eq!(served.plane.outcome(1), ActionOutcome::Done);
        served.plane.healthy(|health| *health == DatabaseHealth::Up);
        served
    }

    pub(crate) async fn offer(&self, document: Document) {
        self.plane.offer(self.bench.spec.instance, document).await;
    }

    /// A newer document, with these actions.
    pub(crate) fn next(&mut self, actions: Vec<(u128, ActionBody)>) -> Document {
        self.revision += 1;
        Document { actions, ..Document::new(self.bench.engine, self.revision, None) }
    }

    /// Has one action run; what became of it.
    pub(crate) async fn run(&mut self, body: ActionBody) -> ActionOutcome {
        let id = u128::from(self.revision) + 1;
        let document = self.next(vec![(id, body)]);
        self.offer(document).await;
        self.plane.outcome(id)
    }

    pub(crate) async fn done(&mut self, body: ActionBody) {
        assert_eq!(self.run(body).await, ActionOutcome::Done);
    }

    /// Has an action run that can't be done; the words for why.
    pub(crate) async fn fails(&mut self, cause: ActionCause, body: ActionBody) -> String {
        match self.run(body.clone()).await {
            ActionOutcome::Failed(ActionFailure { cause: found, detail }) => {
                assert_eq!(found, cause, "{detail}");
                detail
            }
            ActionOutcome::Done => panic!("{body:?} was done"),
        }
    }

    pub(crate) async fn query(&self, query: Query) -> QueryAnswer {
        self.plane.query(self.bench.spec.instance, query).await
    }

    pub(crate) async fn databases(&self) -> Vec<String> {
        let (names, has_more) = self.databases_of(Page { after: None, limit: 100 }).await;
        assert!(!has_more);
        names
    }

    /// A page of databases, and whether there are more.
    pub(crate) async fn databases_of(&self, page: Page) -> (Vec<String>, bool) {
        let answer = self.query(Query::Databases(page)).await;
        let QueryAnswer::Databases { names, has_more } = answer else { panic!("{answer:?}") };
        (names, has_more)
    }

    /// A page of users, and whether there are more.
    pub(crate) async fn users_of(&self, page: Page) -> (Vec<UserSeen>, bool) {
        let answer = self.query(Query::Users(page)).await;
        let QueryAnswer::Users { users, has_more } = answer else { panic!("{answer:?}") };
        (users, has_more)
    }

    pub(crate) async fn user(&self, name: &str, host: &str) -> Option<UserSeen> {
        let answer = self.query(Query::User(account(name, host))).await;
        let QueryAnswer::User(user) = answer else { panic!("{answer:?}") };
        user
    }

    /// A session of the administrator.
    pub(crate) async fn admin(&self) -> Client {
        self.bench.admin().await
    }

    /// Has the administrator run a statement in a database.
    pub(crate) async fn run_in(&self, database: &str, statement: &str) {
        let mut admin = self.bench.admin_in(Some(database)).await;
        admin.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }

    /// How the server shows one of its settings.
    pub(crate) async fn setting(&self, name: &str) -> String {
        self.admin().await.text(&(self.bench.engine.settings.shown)(name)).await
    }

    /// The databases that a user may use, as the server sees it.
    pub(crate) async fn usable(&self, user: &str, password: &str, database: &str) -> Vec<String> {
        let mut client = self.bench.login(user, password, database).await;
        client.texts(self.bench.engine.names.usable).await
    }
}

pub(crate) fn account(name: &str, host: &str) -> Account {
    Account { name: name.to_owned(), host: host.to_owned() }
}

pub(crate) fn database(name: &str) -> Database {
    Database { name: name.to_owned(), charset: None, collation: None }
}

pub(crate) fn create_databases(names: &[&str]) -> ActionBody {
    ActionBody::CreateDatabases { databases: names.iter().map(|name| database(name)).collect() }
}

pub(crate) fn drop_database(name: &str) -> ActionBody {
    ActionBody::DeleteDatabase { name: name.to_owned() }
}

pub(crate) fn new_user(name: &str, password: &str, databases: &[&str]) -> UserToMake {
    UserToMake {
        name: name.to_owned(),
        host: "%".to_owned(),
        password: Sealed(password.as_bytes().to_vec()),
        databases: databases.iter().map(|name| (*name).to_owned()).collect(),
    }
}

pub(crate) fn create_user(name: &str, password: &str, databases: &[&str]) -> ActionBody {
    ActionBody::CreateUsers { users: vec![new_user(name, password, databases)] }
}

/// A change of nothing, to be changed.
pub(crate) fn change(name: &str) -> UserChange {
    UserChange { account: account(name, "%"), name: None, host: None, password: None }
}

pub(crate) fn rename(name: &str, new: &str) -> ActionBody {
    let change = UserChange { name: Some(new.to_owned()), ..change(name) };
    ActionBody::UpdateUsers { changes: vec![change] }
}

pub(crate) fn new_password(name: &str, password: &str) -> UserChange {
    UserChange { password: Some(Sealed(password.as_bytes().to_vec())), ..change(name) }
}

pub(crate) fn drop_user(name: &str) -> ActionBody {
    ActionBody::DeleteUser { account: account(name, "%") }
}

pub(crate) fn grant(name: &str, databases: &[&str]) -> ActionBody {
    let databases = databases.iter().map(|name| (*name).to_owned()).collect();
    ActionBody::Grant { account: account(name, "%"), databases }
}

pub(crate) fn revoke(name: &str, database: &str) -> ActionBody {
    ActionBody::Revoke { account: account(name, "%"), database: database.to_owned() }
}

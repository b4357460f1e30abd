//! A client of a server, whichever the engine.

use std::net::SocketAddrV4;
use std::path::Path;

use domain::engine::Manager;
use mysql_async::prelude::Queryable;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// A session of somebody.
pub(crate) enum Client {
    Mysql(mysql_async::Conn),
    Postgres(tokio_postgres::Client),
}

/// Why the server did not do as it was told; without a code when it is not there.
pub(crate) struct Refusal {
    pub(crate) code: Option<String>,
    message: String,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code.as_deref().unwrap_or("no answer"))
    }
}

/// Where a server listens.
pub(crate) enum To<'a> {
    /// At the socket of an instance in that directory.
    Socket(&'a Path, u16),
    Address(SocketAddrV4),
}

impl Client {
    /// Logs in; into the database of that name, or one that everybody may be in who has rights
    /// on none.
    pub(crate) async fn login(
        manager: Manager,
        to: &To<'_>,
        (user, password): (&str, &str),
        database: Option<&str>,
    ) -> Result<Self, Refusal> {
        match manager {
            Manager::Mysql | Manager::Mariadb => mysql(to, (user, password), database).await,
            Manager::Postgresql => postgres(to, (user, password), database).await,
        }
    }

    pub(crate) async fn run(&mut self, statement: &str) -> Result<(), Refusal> {
        match self {
            Self::Mysql(client) => client.query_drop(statement).await.map_err(Refusal::from),
            Self::Postgres(client) => client.batch_execute(statement).await.map_err(Refusal::from),
        }
    }

    /// The first column of the rows that a query yields.
    pub(crate) async fn texts(&mut self, query: &str) -> Vec<String> {
        match self {
            Self::Mysql(client) => {
                let rows: Vec<mysql_async::Row> = client.query(query).await.unwrap();
                rows.iter().map(|row| row.get(0).unwrap_or_default()).collect()
            }
            Self::Postgres(client) => {
                let rows = client.simple_query(query).await.unwrap();
                let text = |message: &SimpleQueryMessage| {
                    let SimpleQueryMessage::Row(row) = message else { return None };
                    Some(row.get(0).unwrap_or_default().to_owned())
                };
                rows.iter().filter_map(text).collect()
            }
        }
    }

    pub(crate) async fn text(&mut self, query: &str) -> String {
        self.texts(query).await.remove(0)
    }

    /// By which the server tells this session from others.
    pub(crate) async fn id(&mut self) -> String {
        let query = match self {
            Self::Mysql(_) => "SELECT CAST(CONNECTION_ID() AS CHAR)",
            Self::Postgres(_) => "SELECT pg_backend_pid()",
        };
        self.text(query).await
    }
}

async fn mysql(
    to: &To<'_>,
    (user, password): (&str, &str),
    database: Option<&str>,
) -> Result<Client, Refusal> {
    let options =
        mysql_async::OptsBuilder::default().user(Some(user)).pass(Some(password)).db_name(database);
    let options = match to {
        To::Socket(directory, _) => {
            options.socket(directory.join("s").to_str()).prefer_socket(true)
        }
        To::Address(address) => options
            .ip_or_hostname(address.ip().to_string())
            .tcp_port(address.port())
            .prefer_socket(false),
    };
    let mut client = mysql_async::Conn::new(options).await?;
    client.ping().await?;
    Ok(Client::Mysql(client))
}

async fn postgres(
    to: &To<'_>,
    (user, password): (&str, &str),
    database: Option<&str>,
) -> Result<Client, Refusal> {
    let mut config = tokio_postgres::Config::new();
    config.user(user).password(password).dbname(database.unwrap_or("postgres"));
    match to {
        To::Socket(directory, port) => config.host_path(directory).port(*port),
        To::Address(address) => config.host(address.ip().to_string()).port(address.port()),
    };
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(Client::Postgres(client))
}

impl From<mysql_async::Error> for Refusal {
    fn from(error: mysql_async::Error) -> Self {
        let code = if let mysql_async::Error::Server(error) = &error {
            Some(error.code.to_string())
        } else {
            None
        };
        Self { code, message: error.to_string() }
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Self {
                code: Some(said.code().code().to_owned()),
                message: said.message().to_owned(),
            },
            None => Self { code: None, message: error.to_string() },
        }
    }
}

impl Refusal {
    /// Whether name and password are not those of somebody.
    pub(crate) fn is_of_login(&self) -> bool {
        self.code.as_deref().is_some_and(|code| ["1045", "1130", "28P01", "28000"].contains(&code))
    }

    /// Whether somebody was let in who has no rights on the database that was asked for.
    pub(crate) fn is_of_database(&self) -> bool {
        self.code.as_deref() == Some("42501")
    }
}

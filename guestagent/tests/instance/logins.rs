//! How a test gets into an instance's server, as its administrator or as a tenant.

use std::fs;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::bench::{Bench, LIMIT};
use crate::engines::{Client, Refusal, To};

impl Bench {
    /// Logs in over the server's socket as the administrator, whoever has started the server.
    pub(crate) async fn admin(&self) -> Client {
        self.admin_in(None).await
    }

    /// The same, in a database.
    pub(crate) async fn admin_in(&self, database: Option<&str>) -> Client {
        let until = Instant::now() + LIMIT;
        loop {
            let own = fs::read_to_string(self.layout().agent().join("admin.password"));
            let mut said = None;
            for password in own.iter().map(String::as_str).chain([self.engine.password]) {
                match self.at_socket(("os_admin", password), database).await {
                    Ok(client) => return client,
                    Err(error) => said = Some(error),
                }
            }
            assert!(Instant::now() < until, "no login: {said:?}\n{}", self.everything_said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What comes of one login over the server's socket.
    pub(crate) async fn at_socket(
        &self,
        login: (&str, &str),
        database: Option<&str>,
    ) -> Result<Client, Refusal> {
        let to = To::Socket(&self.spec.directory, self.spec.port);
        Client::login(self.engine.manager, &to, login, database).await
    }

    /// What comes of one login over the network.
    pub(crate) async fn tries(
        &self,
        login: (&str, &str),
        database: Option<&str>,
    ) -> Result<Client, Refusal> {
        let to = To::Address(SocketAddrV4::new(self.spec.address, self.spec.port));
        Client::login(self.engine.manager, &to, login, database).await
    }

    /// Logs in over the network, as a tenant does, as soon as the server lets anybody in.
    pub(crate) async fn login(&self, user: &str, password: &str, database: &str) -> Client {
        let until = Instant::now() + LIMIT;
        loop {
            match self.tries((user, password), Some(database)).await {
                Ok(client) => return client,
                Err(error) => {
                    let said = format!("no login: {error:?}\n{}", self.everything_said());
                    assert!(Instant::now() < until, "{said}");
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// That somebody is let in by that password, whether there is a database for it or not.
    pub(crate) async fn lets_in(&self, user: &str, password: &str) {
        let until = Instant::now() + LIMIT;
        loop {
            match self.tries((user, password), None).await {
                Ok(_) => return,
                Err(refused) if refused.is_of_database() => return,
                Err(error) => assert!(Instant::now() < until, "{user} is kept out: {error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// That the server knows nobody by that name and password.
    pub(crate) async fn keeps_out(&self, user: &str, password: &str) {
        match self.tries((user, password), None).await {
            Err(refused) => assert!(refused.is_of_login(), "{user}: {refused:?}"),
            Ok(_) => panic!("{user} is let in"),
        }
    }
}

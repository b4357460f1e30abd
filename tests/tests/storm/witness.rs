//! A database that is in use all the time, through a session that is never opened again.

use testkit::stack::{Engine, Sql, SqlSession, Stack};

const PASSWORD: &str = "secret-1";

/// An instance that nothing is asked of but by SQL.
pub(crate) struct Witness {
    pub(crate) id: String,
    engine: Engine,
    session: SqlSession,
    /// By which the server tells the session from others.
    own: Vec<String>,
    beats: usize,
}

impl Witness {
    pub(crate) async fn start(stack: &Stack, engine: Engine) -> anyhow::Result<Self> {
        let api = stack.api(&stack.first_person("demo")?).await?;
        let name = format!("witness-{}", engine.datastore);
        let instance = api.create_active(&name, engine.with_user(PASSWORD)).await?;
        let mut session = Sql::to(&instance, "u", PASSWORD)?.within("d").session()?;
        session.run(engine.beats[0])?;
        let own = session.run(engine.session)?;
        let id = instance["id"].as_str().unwrap().to_owned();
        Ok(Self { id, engine, session, own, beats: 0 })
    }

    /// What it has written is there, and its session is the same.
    pub(crate) fn has_noticed_nothing(&mut self) -> anyhow::Result<()> {
        self.session.run(self.engine.beats[1])?;
        self.beats += 1;
        let count = self.session.run("select count(*) from beats")?;
        assert_eq!(count, [self.beats.to_string()]);
        assert_eq!(self.session.run(self.engine.session)?, self.own);
        Ok(())
    }
}

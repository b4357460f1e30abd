//! One Python process with OpenStack's clients in it, for tests that ask many things: a program
//! of its own for each command would mostly read its modules.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("session.py");

/// Python, logged in as somebody; ended when dropped.
#[derive(Debug)]
pub struct Session {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// How a command of the command line ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: i64,
    /// What it printed.
    pub out: String,
    /// What it complained.
    pub err: String,
}

impl Session {
    /// Starts the interpreter with the environment that `command` has.
    pub(super) fn start(mut command: Command) -> anyhow::Result<Self> {
        command.args(["-u", "-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start python")?;
        let questions = child.stdin.take().context("python has no input")?;
        let answers = child.stdout.take().context("python has no output")?;
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    /// The value of an expression. Names are kept: `(name := expression)`.
    ///
    /// # Errors
    /// It raised something; the error is its kind and its text.
    pub fn evaluate(&mut self, expression: &str) -> anyhow::Result<Value> {
        writeln!(self.questions, "{}", Value::from(expression)).context("ask python")?;
        let mut line = String::new();
        let count = self.answers.read_line(&mut line).context("hear python")?;
        ensure!(count > 0, "python has ended at {expression}");
        let mut answer: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        match answer["failed"].as_str() {
            Some(why) => bail!("{expression}: {why}"),
            None => Ok(answer["done"].take()),
        }
    }

    /// Runs a command of the command line, well or badly.
    ///
    /// # Errors
    /// It did not come to an end of its own.
    pub fn command(&mut self, arguments: &[&str]) -> anyhow::Result<Ended> {
        let list = Value::from(arguments.iter().map(|each| (*each).to_owned()).collect::<Vec<_>>());
        // A list of strings is the same in JSON and in Python.
        let ended = self.evaluate(&format!("openstack(*{list})"))?;
        let text = |key: &str| ended[key].as_str().unwrap_or_default().to_owned();
        let code = ended["code"].as_i64().context("a command has no exit code")?;
        Ok(Ended { code, out: text("out"), err: text("err") })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may be in the middle of a request.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            super::super::place::tell(&format!("python {}: {error}", self.child.id()));
        }
    }
}

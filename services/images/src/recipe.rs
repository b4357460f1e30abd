//! What to take from which Debian release, as plain data.
//!
//! # Invariants
//! - `packages`, together with what apt's solver adds and minus `pretended`, is closed: every
//!   library that `programs` load is in the root.
//! - A package is never pretended when another needs it at an exact version.

use std::fmt;

/// A Debian release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
    /// Debian's unstable branch.
    Sid,
}

impl Suite {
    /// The name under which the archive files it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
            Self::Sid => "sid",
        }
    }

    /// Whether security updates and point releases come from archives beside the main one.
    pub(crate) fn has_updates(self) -> bool {
        match self {
            Self::Bookworm | Self::Trixie => true,
            Self::Sid => false,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How one engine of one series is made into an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The engine's word in image ids and directory names; never changes once released.
    pub engine: &'static str,
    /// The part of the version that stays the same through updates.
    pub series: &'static str,
    /// How people call it.
    pub title: &'static str,
    /// The release to take it from.
    pub suite: Suite,
    /// The packages to ask for; the first one's version is the image's.
    pub packages: &'static [&'static str],
    /// Packages that are told to the solver as installed, because nothing in the image needs them.
    pub pretended: &'static [&'static str],
    /// The executables to keep and to patch, relative to the root; all others are deleted, so
    /// that an image has nothing to run but what is used. Links are kept as they are.
    pub programs: &'static [&'static str],
    /// Whose libraries the programs use.
    pub libraries: Libraries,
    /// Files and directories that are left out, because what they need is left out too; relative
    /// to the root.
    pub left_out: &'static [&'static str],
    /// Links that are made in the root, each with where it leads.
    pub links: &'static [(&'static str, &'static str)],
    /// Changes of programs beyond those that every program gets.
    pub changes: &'static [Change],
}

/// A change of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It loads a library of the image that it was not built with.
    Needs {
        /// Which program.
        program: &'static str,
        /// The library's name.
        library: &'static str,
    },
    /// It finds something elsewhere than where it was built to look for it. The new path is no
    /// longer than the old one, which stands in the program exactly once.
    Finds {
        /// Which program.
        program: &'static str,
        /// Where it was to look.
        from: &'static str,
        /// Where it looks.
        to: &'static str,
    },
}

/// Whose libraries an image's programs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libraries {
    /// Those in the image: the programs are patched.
    Own,
    /// The host's: for programs that need nothing but a C library of any age.
    Host,
}

impl Recipe {
    /// The recipe of one series of an engine.
    pub fn find(engine: &str, series: &str) -> Option<&'static Self> {
        ENGINES.iter().find(|recipe| recipe.engine == engine && recipe.series == series)
    }

    /// The programs to patch.
    pub(crate) fn patched(&self) -> impl Iterator<Item = &'static str> {
        let programs = match self.libraries {
            Libraries::Own => self.programs,
            Libraries::Host => &[],
        };
        programs.iter().copied()
    }
}

/// MariaDB of Debian 12.
pub const MARIADB_10_11: Recipe = Recipe {
    engine: "mariadb",
    series: "10.11",
    title: "MariaDB 10.11",
    suite: Suite::Bookworm,
    packages: MARIADB_PACKAGES,
    pretended: PRETENDED,
    programs: MARIADB_PROGRAMS,
    libraries: Libraries::Own,
    left_out: &[],
    links: &[],
    changes: &[],
};

/// A program of PostgreSQL, whose directories are named after the series.
macro_rules! of_postgresql {
    ($series:literal, $path:literal) => {
        concat!("usr/lib/postgresql/", $series, "/", $path)
    };
}

/// PostgreSQL of one series.
///
/// Its programs ask the system's list of users who runs them, and a user of an instance does not
/// stand there: hence a library that can be told. Its time zones are looked for beside the data,
/// since a host need not have any.
macro_rules! postgresql {
    ($series:literal, $suite:expr) => {
        Recipe {
            engine: "postgresql",
            series: $series,
            title: concat!("PostgreSQL ", $series),
            suite: $suite,
            packages: &[concat!("postgresql-", $series), "dash", "libc-bin", "libnss-wrapper"],
            pretended: PRETENDED,
            programs: &[
                of_postgresql!($series, "bin/postgres"),
                of_postgresql!($series, "bin/initdb"),
                of_postgresql!($series, "bin/pg_basebackup"),
                of_postgresql!($series, "bin/pg_controldata"),
                of_postgresql!($series, "bin/pg_dump"),
                of_postgresql!($series, "bin/pg_resetwal"),
                of_postgresql!($series, "bin/pg_rewind"),
                of_postgresql!($series, "bin/pg_waldump"),
                of_postgresql!($series, "bin/psql"),
                "usr/bin/dash",
                "usr/bin/sh",
            ],
            libraries: Libraries::Own,
            // The compiler that these are for is larger than all the rest.
            left_out: &[
                of_postgresql!($series, "lib/llvmjit.so"),
                of_postgresql!($series, "lib/bitcode"),
            ],
            links: &[("usr/lib/postgresql/current", $series)],
            changes: &[
                Change::Needs {
                    program: of_postgresql!($series, "bin/postgres"),
                    library: "libnss_wrapper.so",
                },
                Change::Needs {
                    program: of_postgresql!($series, "bin/initdb"),
                    library: "libnss_wrapper.so",
                },
                Change::Finds {
                    program: of_postgresql!($series, "bin/postgres"),
                    from: "/usr/share/zoneinfo",
                    to: "../zoneinfo",
                },
            ],
        }
    };
}

/// PostgreSQL of Debian 12.
pub const POSTGRESQL_15: Recipe = postgresql!("15", Suite::Bookworm);

/// PostgreSQL of Debian 13.
pub const POSTGRESQL_17: Recipe = postgresql!("17", Suite::Trixie);

/// MariaDB of Debian 13.
pub const MARIADB_11_8: Recipe =
    Recipe { series: "11.8", title: "MariaDB 11.8", suite: Suite::Trixie, ..MARIADB_10_11 };

/// The engines that can be fetched.
pub const ENGINES: &[Recipe] = &[MARIADB_10_11, MARIADB_11_8, POSTGRESQL_15, POSTGRESQL_17];

const MARIADB_PACKAGES: &[&str] =
    &["mariadb-server-core", "mariadb-client", "mariadb-backup", "dash", "libc-bin"];

const MARIADB_PROGRAMS: &[&str] = &[
    "usr/sbin/mariadbd",
    "usr/bin/mariadb",
    "usr/bin/mariadb-admin",
    "usr/bin/mariadb-backup",
    "usr/bin/mariadb-binlog",
    "usr/bin/mariadb-check",
    "usr/bin/mariadb-dump",
    "usr/bin/mariadb-tzinfo-to-sql",
    "usr/bin/mariadb-upgrade",
    "usr/bin/mbstream",
    "usr/bin/dash",
    "usr/bin/sh",
];

/// What rewrites executables, and what walls them in.
pub(crate) const TOOLS: Recipe = Recipe {
    engine: "tools",
    series: "bookworm",
    title: "the tools",
    suite: Suite::Bookworm,
    packages: &["bubblewrap", "patchelf", "dash"],
    pretended: PRETENDED,
    programs: &["usr/bin/bwrap", "usr/bin/patchelf", "usr/bin/dash", "usr/bin/sh"],
    libraries: Libraries::Own,
    left_out: &[],
    links: &[],
    changes: &[],
};

/// The bus and the log. It runs on the host's libc, because it is a Go program that needs
/// nothing else: hence nothing is fetched with it and nothing is patched.
pub(crate) const fn nats_server(suite: Suite) -> Recipe {
    Recipe {
        engine: "nats-server",
        series: suite.as_str(),
        title: "nats-server",
        suite,
        packages: &["nats-server"],
        pretended: &["libc6", "adduser", "init-system-helpers", "passwd", "debconf"],
        programs: &["usr/sbin/nats-server"],
        libraries: Libraries::Host,
        left_out: &[],
        links: &[],
        changes: &[],
    }
}

/// Maintainer scripts, administration and alternatives that the engines' packages depend on but
/// that an unpacked copy never runs.
const PRETENDED: &[&str] = &[
    "adduser",
    "debconf",
    "debconf-2.0",
    "debianutils",
    "dpkg",
    "galera-4",
    "gawk",
    "init-system-helpers",
    "iproute2",
    "libconfig-inifiles-perl",
    "libdbi-perl",
    "libfile-find-rule-perl",
    "libjson-perl",
    "libllvm14",
    "libllvm19",
    "libnumber-compare-perl",
    "libpam-modules",
    "libpam-runtime",
    "libperl5.36",
    "libperl5.40",
    "libtext-glob-perl",
    "libz3-4",
    "locales",
    "locales-all",
    "lsb-base",
    "lsof",
    "netbase",
    "openssl",
    "openssl-provider-legacy",
    "passwd",
    "perl",
    "perl-base",
    "perl-modules-5.36",
    "perl-modules-5.40",
    "postgresql-client-common",
    "postgresql-common",
    "procps",
    "psmisc",
    "rsync",
    "socat",
    "ssl-cert",
    "sysvinit-utils",
    "ucf",
];

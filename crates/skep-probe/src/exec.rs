//! `exec`: a program ends with exit code 0.

use skep_manifest::health_check::ExecProbe;

use crate::aside::Aside;
use crate::judge::Outcome;
use crate::launch::Launch;
use crate::program::{self, Program};

/// Runs the program and waits for its end.
pub(crate) async fn probe(exec: &ExecProbe, launch: Launch, aside: &Aside) -> Outcome {
    let program = Program {
        argv: &exec.argv,
        user: &exec.user,
        environment: exec.environment.clone(),
    };
    program::run(&program, launch, aside).await.into()
}

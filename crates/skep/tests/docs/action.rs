//! The steps of `action.yml`, run as GitHub runs them.

use std::fs;
use std::path::Path;

use serde_yaml::Value;
use tempfile::TempDir;

use crate::page::{bash, top};

const SEED: &str = "manifests/seeds/003/skep.yaml";

/// What became of a run of all steps.
#[derive(Debug)]
struct Run {
    /// The step that failed.
    failed: Option<String>,
    said: String,
    summary: String,
    output: String,
}

/// Runs the action in a repository where the seed was committed and then changed like this.
fn run(from: &str, to: &str) -> Run {
    let site = tempfile::tempdir().expect("there is room");
    let manifest = fs::read_to_string(top().join(SEED)).expect("a manifest of the repository");
    assert!(manifest.contains(from), "{from}");
    fs::create_dir(site.path().join("manifests")).expect("there is room");
    let file = site.path().join("manifests/skep.yaml");
    fs::write(&file, &manifest).expect("there is room");
    let (code, said) = bash(
        site.path(),
        "git init --quiet --initial-branch main
         git add .
         git -c user.name=a -c user.email=a@b commit --quiet -m first",
    );
    assert_eq!(code, Some(0), "{said}");
    fs::write(&file, manifest.replacen(from, to, 1)).expect("there is room");
    steps(&site)
}

fn steps(site: &TempDir) -> Run {
    let action = fs::read_to_string(top().join("action.yml")).expect("the action is there");
    let action: Value = serde_yaml::from_str(&action).expect("it is YAML");
    let given = |name: &str| match name {
        "inputs.base" => "main".to_owned(),
        "github.action_path" => top().display().to_string(),
        name => {
            let name = name.strip_prefix("inputs.").expect("an input");
            let default = action["inputs"][name]["default"].as_str();
            default.expect("a default").to_owned()
        }
    };
    let files = ["summary", "output"].map(|name| site.path().join(name));
    for file in &files {
        fs::write(file, "").expect("there is room");
    }
    let [summary, output] = &files;
    let mut run = Run {
        failed: None,
        said: String::new(),
        summary: String::new(),
        output: String::new(),
    };
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    for step in steps {
        assert_eq!(
            step["shell"], "bash",
            "every step of a composite action says its shell"
        );
        let mut script = format!(
            "export GITHUB_STEP_SUMMARY='{}' GITHUB_OUTPUT='{}'\n",
            summary.display(),
            output.display()
        );
        for (name, value) in step["env"].as_mapping().expect("variables") {
            let value = value.as_str().expect("a text");
            let expression = value
                .strip_prefix("${{ ")
                .and_then(|it| it.strip_suffix(" }}"));
            let value = given(expression.expect("an expression"));
            script += &format!("export {}='{value}'\n", name.as_str().expect("a name"));
        }
        let commands = step["run"].as_str().expect("commands");
        // An expression in a script would run what a pull request calls its branch.
        assert!(!commands.contains("${{"), "{commands}");
        let (code, said) = bash(site.path(), &(script + commands));
        run.said += &said;
        if code != Some(0) {
            run.failed = step["name"].as_str().map(str::to_owned);
            break;
        }
    }
    run.summary = read(summary);
    run.output = read(output);
    run
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the step wrote it")
}

#[test]
fn the_action_says_what_a_change_does() {
    let run = run("cube01, priority: 100", "cube01, priority: 60");
    assert_eq!(run.failed, None, "{run:?}");
    assert_eq!(run.output, "changes=true\n");
    assert!(
        run.summary
            .contains("```diff\n# VIP groups\n~ change vipgroup/ingress"),
        "{run:?}"
    );
    assert!(
        run.summary.contains("the VIP moves from cube01 to cube02"),
        "{run:?}"
    );
    assert!(
        run.summary
            .ends_with("# interruption: vipgroup/ingress\n```\n"),
        "{run:?}"
    );
}

#[test]
fn the_action_says_that_nothing_changes() {
    let run = run("# Seed", "# The seed");
    assert_eq!(run.failed, None, "{run:?}");
    assert_eq!(run.output, "changes=false\n");
    assert!(run.summary.contains("```diff\n# nothing\n```\n"), "{run:?}");
}

#[test]
fn the_action_fails_at_the_line_that_is_wrong() {
    let run = run("virtualRouterId: 51", "virtualRouterID: 51");
    assert_eq!(run.failed.as_deref(), Some("Lint"), "{run:?}");
    assert!(
        run.said
            .contains("::error file=manifests/skep.yaml,line=20"),
        "{run:?}"
    );
}

//! The manifests people start from: who takes over, in which order, in which time.

use std::path::Path;
use std::time::Duration;

use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_simulation::scenario;
use skep_simulation::stage::Stage;
use skep_simulation::story::Story;

fn stage(seed: &str) -> Stage {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = top.join("manifests/seeds").join(seed).join("skep.yaml");
    let text = std::fs::read(&path).expect("the manifest is there");
    let name = path.display().to_string();
    let (desired, problems) = resolve(&parse(vec![Source { name, text }]));
    assert_eq!(problems, []);
    Stage::of(&desired, 7).expect("the manifest can be simulated")
}

fn play(stage: &Stage, scenario: &str) -> Story {
    let source = Source {
        name: "scenario".to_owned(),
        text: scenario.as_bytes().to_vec(),
    };
    let scenario = scenario::parse(source, stage).expect("the scenario is right");
    let story = Story::of(stage, &scenario);
    let unmet: Vec<String> = story.unmet.iter().map(ToString::to_string).collect();
    assert_eq!(unmet, Vec::<String>::new());
    assert!(story.violation.is_none(), "{:?}", story.violation);
    story
}

fn longest_gap(story: &Story) -> Duration {
    let gaps = story.addresses.iter().flat_map(|fate| &fate.gaps);
    gaps.map(|gap| gap.length()).max().unwrap_or_default()
}

#[test]
fn nodes_that_lose_power_one_after_another_are_followed_in_the_order_of_priorities() {
    let stage = stage("001");
    let story = play(
        &stage,
        "- {at: 10s, expect: {group: vi-1, holder: docker1}}
- {at: 20s, cut: docker1}
- {at: 30s, expect: {group: vi-1, holder: docker2, darkAtMost: 3.72s}}
- {at: 40s, cut: docker2}
- {at: 50s, expect: {group: vi-1, holder: docker3, darkAtMost: 3.82s}}
- {at: 60s, cut: docker3}
- {at: 70s, expect: {group: vi-1, holder: none}}
- {at: 70s, return: docker2}
- {at: 80s, expect: {group: vi-1, holder: docker2}}
",
    );
    assert!(longest_gap(&story) > Duration::from_secs(10));
}

#[test]
fn four_hosts_keep_their_address_within_the_time_of_the_protocol() {
    let stage = stage("003");
    let story = play(
        &stage,
        "- {at: 10s, expect: {group: ingress, holder: cube01}}
- {at: 20s, cut: cube01}
- {at: 30s, expect: {group: ingress, holder: cube02}}
- {at: 30s, return: cube01}
- {at: 40s, expect: {group: ingress, holder: cube01}}
- {at: 50s, partition: [[cube01, cube04], [cube02, cube03]]}
- {at: 60s, expect: {group: ingress, holders: [cube01, cube02]}}
- {at: 60s, heal: all}
- {at: 62s, expect: {group: ingress, holder: cube01}}
- {at: 70s, freeze: {node: cube01, for: 20s}}
- {at: 80s, expect: {group: ingress, holder: cube02}}
- {at: 100s, expect: {group: ingress, holder: cube01}}
- {at: 110s, remove: {node: cube01, address: 10.0.0.70}}
- {at: 110100ms, expect: {group: ingress, holder: cube01}}
",
    );
    // Three intervals and the skew of priority 90, minus the age of the last advertisement.
    let longest = longest_gap(&story);
    assert!(longest <= Duration::from_millis(3651), "{longest:?}");
    assert!(longest >= Duration::from_millis(2600), "{longest:?}");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let stage = stage("003");
    let scenario = "- {at: 5s, loss: 30%}\n- {at: 500s, end: true}\n";
    let tell =
        |story: Story| -> Vec<String> { story.entries.iter().map(ToString::to_string).collect() };
    let (once, again) = (tell(play(&stage, scenario)), tell(play(&stage, scenario)));
    assert!(once.len() > 20, "{once:?}");
    assert_eq!(once, again);
}

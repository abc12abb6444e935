//! The answers of Docker 20.10, as recorded, and a few of later engines.

use super::*;

fn error(status: u16, message: &str) -> EngineError {
    let body = serde_json::json!({ "message": message }).to_string();
    EngineError::of_answer(StatusCode::from_u16(status).unwrap(), body.as_bytes())
}

#[test]
fn a_stale_index_is_known_by_its_words() {
    let words = "rpc error: code = Unknown desc = update out of sequence";
    assert!(matches!(error(500, words), EngineError::OutOfSequence));
    assert!(matches!(
        error(409, "Update Out Of Sequence"),
        EngineError::OutOfSequence
    ));
}

#[test]
fn an_engine_that_is_no_manager_says_so_in_two_ways() {
    let in_none = "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm \
                   join\" to connect this node to swarm and try again.";
    let a_worker = "This node is not a swarm manager. Worker nodes can't be used to view or modify \
                    cluster state. Please run this command on a manager node or promote the current \
                    node to a manager.";
    assert!(matches!(error(503, in_none), EngineError::NotAManager));
    assert!(matches!(error(503, a_worker), EngineError::NotAManager));
    assert!(matches!(
        error(503, "This node is not part of a swarm"),
        EngineError::NotAManager
    ));
}

#[test]
fn a_lost_quorum_is_no_leader() {
    let words = "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible \
                 that too few managers are online. Make sure more than half of the managers are \
                 online.";
    let error = error(500, words);
    assert!(matches!(error, EngineError::NoLeader));
    assert!(error.is_retryable());
}

#[test]
fn a_locked_engine_and_one_in_a_swarm_are_told_apart() {
    let locked = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \
                  \"docker swarm unlock\" to unlock it.";
    assert!(matches!(error(503, locked), EngineError::Locked));
    let taken = "This node is already part of a swarm. Use \"docker swarm leave\" to leave this \
                 swarm and join another one.";
    assert!(matches!(error(503, taken), EngineError::AlreadyInSwarm));
}

#[test]
fn a_taken_name_is_not_any_conflict() {
    let taken = "rpc error: code = AlreadyExists desc = name conflicts with an existing object: \
                 service web already exists";
    let config = "rpc error: code = AlreadyExists desc = config skep.cube.head already exists";
    for taken in [taken, config] {
        assert!(matches!(error(409, taken), EngineError::NameTaken(_)));
    }
    assert!(matches!(
        error(409, "busy"),
        EngineError::Refused { status: 409, .. }
    ));
}

#[test]
fn other_refusals_keep_their_words_and_a_retry_helps_only_on_the_engine_s_side() {
    assert!(matches!(
        error(404, "service web not found"),
        EngineError::NotFound(_)
    ));
    let refused = error(400, "invalid mount target");
    assert_eq!(
        refused.to_string(),
        "the engine refused (400): invalid mount target"
    );
    assert!(!refused.is_retryable());
    assert!(error(500, "rpc error: code = Unavailable").is_retryable());
}

#[test]
fn a_message_is_short_one_line_and_without_tokens() {
    let said = error(400, "bad\ntoken 'SWMTKN-1-aaaa-bbbb': no").to_string();
    assert_eq!(said, "the engine refused (400): bad token <join token> no");
    assert!(error(500, &"x".repeat(1 << 20)).to_string().len() < 2 * MESSAGE_LENGTH_MAX);
}

#[test]
fn a_body_that_is_no_message_is_repeated_as_far_as_it_is_text() {
    let error = EngineError::of_answer(StatusCode::BAD_GATEWAY, b"<html>\xff");
    assert_eq!(
        error.to_string(),
        "the engine refused (502): <html>\u{fffd}"
    );
}

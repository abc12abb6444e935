//! The rules: one file each, named after the mistake it looks for.

mod check_on_ingress_port;
mod constraint_matches_no_node;
mod duplicate_virtual_router_id;
mod equal_priorities;
mod even_number_of_managers;
mod max_per_node_too_small;
pub(crate) mod not_supported_yet;
mod priority_255_without_owner;
mod selector_matches_no_node;
mod simple_password_too_long;
mod suppression_without_reason;
mod sync_group_follower_too_fast;
mod unicast_without_peer_address;
mod unused_suppression;
mod virtual_address_is_node_address;
mod weight_that_never_matters;

use crate::rule::Rule;

/// All of them in the order they run: the last one looks at what the others found.
pub(crate) const ALL: &[Rule] = &[
    check_on_ingress_port::RULE,
    constraint_matches_no_node::RULE,
    duplicate_virtual_router_id::RULE,
    equal_priorities::RULE,
    even_number_of_managers::RULE,
    max_per_node_too_small::RULE,
    not_supported_yet::RULE,
    priority_255_without_owner::RULE,
    selector_matches_no_node::RULE,
    simple_password_too_long::RULE,
    suppression_without_reason::RULE,
    sync_group_follower_too_fast::RULE,
    unicast_without_peer_address::RULE,
    virtual_address_is_node_address::RULE,
    weight_that_never_matters::RULE,
    unused_suppression::RULE,
];

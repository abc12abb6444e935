//! The rules: one file each, named after the mistake it looks for.

mod autolock_key_on_node;
mod check_on_ingress_port;
mod check_slower_than_failover;
mod constraint_matches_no_node;
mod duplicate_node_address;
mod duplicate_virtual_address;
mod duplicate_virtual_router_id;
mod equal_priorities;
mod even_number_of_managers;
mod group_without_nodes;
mod host_port_limits_replicas;
mod host_port_taken;
mod inline_secret;
mod lease_longer_than_failover;
mod max_per_node_too_small;
mod narrow_hmac_window;
mod no_manager;
mod no_objects;
pub(crate) mod not_supported_yet;
mod priority_255_without_owner;
mod reserved_port;
mod secret_in_environment;
mod selector_matches_no_node;
mod service_never_on_members;
mod service_on_inactive_nodes;
mod setting_without_effect;
mod shell_syntax_in_argv;
mod short_hmac_key;
mod simple_password_too_long;
mod single_manager;
mod single_member_group;
mod start_first_with_host_port;
mod suppression_without_reason;
mod sync_group_follower_too_fast;
mod sync_group_members_differ;
mod tracked_twice;
mod unicast_without_peer_address;
mod unsubstituted_placeholder;
mod unusable_virtual_address;
mod unused_object;
mod unused_suppression;
mod virtual_address_is_node_address;
mod virtual_address_outside_subnet;
mod weight_that_never_matters;
mod weight_without_preemption;

use crate::rule::Rule;

/// All of them in the order they run: the last one looks at what the others found.
pub(crate) const ALL: &[Rule] = &[
    autolock_key_on_node::RULE,
    check_on_ingress_port::RULE,
    check_slower_than_failover::RULE,
    constraint_matches_no_node::RULE,
    duplicate_node_address::RULE,
    duplicate_virtual_address::RULE,
    duplicate_virtual_router_id::RULE,
    equal_priorities::RULE,
    even_number_of_managers::RULE,
    group_without_nodes::RULE,
    host_port_limits_replicas::RULE,
    host_port_taken::RULE,
    inline_secret::RULE,
    lease_longer_than_failover::RULE,
    max_per_node_too_small::RULE,
    narrow_hmac_window::RULE,
    no_manager::RULE,
    no_objects::RULE,
    not_supported_yet::RULE,
    priority_255_without_owner::RULE,
    reserved_port::RULE,
    secret_in_environment::RULE,
    selector_matches_no_node::RULE,
    service_never_on_members::RULE,
    service_on_inactive_nodes::RULE,
    setting_without_effect::RULE,
    shell_syntax_in_argv::RULE,
    short_hmac_key::RULE,
    simple_password_too_long::RULE,
    single_manager::RULE,
    single_member_group::RULE,
    start_first_with_host_port::RULE,
    suppression_without_reason::RULE,
    sync_group_follower_too_fast::RULE,
    sync_group_members_differ::RULE,
    tracked_twice::RULE,
    unicast_without_peer_address::RULE,
    unsubstituted_placeholder::RULE,
    unusable_virtual_address::RULE,
    unused_object::RULE,
    virtual_address_is_node_address::RULE,
    virtual_address_outside_subnet::RULE,
    weight_that_never_matters::RULE,
    weight_without_preemption::RULE,
    unused_suppression::RULE,
];

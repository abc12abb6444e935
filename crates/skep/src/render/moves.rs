//! Where groups were moved, in words.

use skep_api::moves::Move;

use crate::render::age::age;

/// `ingress is moved to cube02 for 59m more by root@cube01`
pub(crate) fn sentence(order: &Move) -> String {
    let Move { group, by, .. } = order;
    let to = order.to.as_ref().map_or("nobody", |node| node.as_str());
    let left = order
        .left_ms
        .map_or_else(String::new, |left| format!(" for {}", age(left)));
    format!("{group} is moved to {to}{left} by {by}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_says_where_to_for_how_long_and_by_whom() {
        let order = Move {
            group: "ingress".parse().expect("a name"),
            number: 1,
            to: Some("cube02".parse().expect("a name")),
            left_ms: Some(59 * 60 * 1000),
            by: "root@cube01".to_owned(),
        };
        assert_eq!(
            sentence(&order),
            "ingress is moved to cube02 for 59m00s by root@cube01"
        );
        let for_ever = Move {
            left_ms: None,
            ..order
        };
        assert_eq!(
            sentence(&for_ever),
            "ingress is moved to cube02 by root@cube01"
        );
    }
}

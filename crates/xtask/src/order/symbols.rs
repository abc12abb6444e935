//! The names of functions, and how a linker is told of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::follower::Places;

/// A name stands before the others when the functions that have it are at most this often as long
/// as those of them that ran, …
const SHARED: u64 = 3;
/// … or this much longer, in bytes.
const SHARED_ALLOWANCE: u64 = 1024;

/// A function, in the order of their starts.
pub(super) struct Symbol {
    start: u64,
    length: u64,
    name: String,
}

/// What the linker is told, and about how much.
pub(super) struct Order {
    pub(super) script: String,
    pub(super) functions: usize,
    /// The length of the functions that ran, in bytes.
    pub(super) ran: u64,
    /// The length of all that have their names.
    pub(super) named: u64,
}

/// Reads what `nm --print-size --numeric-sort` prints.
pub(super) fn read(listed: &str) -> Vec<Symbol> {
    let read = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let start = u64::from_str_radix(words.next()?, 16).ok()?;
        let length = u64::from_str_radix(words.next()?, 16).ok()?;
        let is_function = matches!(words.next()?, "t" | "T" | "w" | "W");
        let name = words.next()?.to_owned();
        is_function.then_some(Symbol {
            start,
            length,
            name,
        })
    };
    listed.lines().filter_map(read).collect()
}

/// Where the functions begin.
pub(super) fn starts(symbols: &[Symbol]) -> Places {
    let own = symbols.iter().filter(|symbol| symbol.length > 0);
    own.map(|symbol| symbol.start).collect()
}

/// What lays the functions of these places side by side.
///
/// The names of a build are not those of another: each ends with, or contains, a number that the
/// compiler chose. Without it, several functions have one name (a method of a generic type, for each
/// of its arguments); where most of them did not run, they come last.
pub(super) fn order(symbols: &[Symbol], seen: &Places) -> Order {
    let mut named: BTreeMap<String, u64> = BTreeMap::new();
    for symbol in symbols {
        *named.entry(pattern(&symbol.name)).or_default() += symbol.length;
    }
    let ran: BTreeSet<usize> = seen
        .iter()
        .filter_map(|place| {
            let index = symbols.partition_point(|symbol| symbol.start <= *place);
            let index = index.checked_sub(1)?;
            (place - symbols[index].start < symbols[index].length).then_some(index)
        })
        .collect();
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    for index in &ran {
        *used.entry(pattern(&symbols[*index].name)).or_default() += symbols[*index].length;
    }
    used.retain(|pattern, _| pattern.starts_with("_ZN") || pattern.starts_with("_R"));
    let (own, shared): (Vec<_>, Vec<_>) = used
        .iter()
        .partition(|(pattern, ran)| named[*pattern] <= SHARED * **ran + SHARED_ALLOWANCE);
    let mut script =
        "/* Written by `cargo xtask order`: what agents at rest run, side by side. */\n\
                      SECTIONS {\n  .text.rest : {\n"
            .to_owned();
    for (pattern, _) in own.into_iter().chain(shared) {
        writeln!(script, "    *(.text.{pattern})").expect("a string can be written to");
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    Order {
        script,
        functions: ran.len(),
        ran: used.values().sum(),
        named: used.keys().map(|pattern| named[pattern]).sum(),
    }
}

/// The name that a function has in every build, as a linker's pattern.
fn pattern(name: &str) -> String {
    // What the optimiser split off or renamed belongs to the same.
    let name = name.split(".llvm.").next().unwrap_or(name);
    if name.starts_with("_R") {
        return without_crate_numbers(name) + "*";
    }
    // The older way of mangling ends with `17h` and sixteen digits.
    match name.rfind("17h") {
        Some(at) if name.starts_with("_ZN") => format!("{}17h*", &name[..at]),
        _ => name.to_owned(),
    }
}

/// A name of the newer way of mangling, in which `Cs`, letters, digits and `_` stand before the
/// name of each crate.
fn without_crate_numbers(name: &str) -> String {
    let mut pieces = name.split("Cs");
    let mut pattern = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        pattern.push_str("Cs");
        match piece.split_once('_') {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                pattern.push_str("*_");
                pattern.push_str(rest);
            }
            _ => pattern.push_str(piece),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
        0000000000001000 0000000000000100 t _ZN4skep4rest17h0123456789abcdefE\n\
        0000000000001100 0000000000000010 t _ZN4core3vec4push17h0000000000000001E\n\
        0000000000001110 0000000000002000 t _ZN4core3vec4push17h0000000000000002E.llvm.77\n\
        0000000000004000 0000000000000008 r _ZN4skep5TABLE17h0000000000000003E\n\
        0000000000005000 0000000000000040 T main\n\
        0000000000006000 0000000000000020 t _RNvMs_NtCs4X4t9plMPHF_3std2io4read\n";

    #[test]
    fn what_ran_is_named_without_numbers_and_shared_names_come_last() {
        let seen = Places::from([0x1004, 0x1008, 0x1108, 0x4004, 0x5001, 0x6000, 0x9999]);
        let order = order(&read(LISTED), &seen);
        assert_eq!(
            order.script,
            "/* Written by `cargo xtask order`: what agents at rest run, side by side. */\n\
             SECTIONS {\n  .text.rest : {\n    \
             *(.text._RNvMs_NtCs*_3std2io4read*)\n    \
             *(.text._ZN4skep4rest17h*)\n    \
             *(.text._ZN4core3vec4push17h*)\n  \
             }\n}\nINSERT BEFORE .text;\n"
        );
        assert_eq!(order.functions, 4);
        assert_eq!(order.ran, 0x100 + 0x10 + 0x20);
        assert_eq!(order.named, 0x100 + 0x2010 + 0x20);
    }
}

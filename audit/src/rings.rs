//! The rings of a directed graph.

use crate::hash::{Map, Set};

/// Returns the sets of instructions that can be reached from each other (Tarjan, without recursion).
pub fn rings(edges: &Map<u64, Vec<u64>>) -> Vec<Set<u64>> {
    const NEW: usize = usize::MAX;
    let mut all: Vec<u64> = edges.keys().copied().collect();
    all.sort_unstable();
    let ids: Map<u64, usize> = all.iter().enumerate().map(|(n, at)| (*at, n)).collect();
    // A node without successors is in no ring.
    let children = |n: usize| edges[&all[n]].iter().filter_map(|to| ids.get(to).copied());
    let children: Vec<Vec<usize>> = (0..all.len()).map(|n| children(n).collect()).collect();
    let mut found = Vec::new();
    let mut number = vec![NEW; all.len()];
    let mut lowest = number.clone();
    let mut stack = Vec::new();
    let mut on_stack = vec![false; all.len()];
    let mut next = 0;
    for start in 0..all.len() {
        if number[start] != NEW {
            continue;
        }
        let mut work = vec![(start, 0)];
        while let Some((at, mut child)) = work.pop() {
            if child == 0 {
                (number[at], lowest[at]) = (next, next);
                next += 1;
                stack.push(at);
                on_stack[at] = true;
            } else if let before = children[at][child - 1]
                && on_stack[before]
            {
                lowest[at] = lowest[at].min(lowest[before]);
            }
            let mut down = None;
            while let Some(&to) = children[at].get(child) {
                child += 1;
                if number[to] == NEW {
                    down = Some(to);
                    break;
                }
                if on_stack[to] {
                    lowest[at] = lowest[at].min(number[to]);
                }
            }
            if let Some(to) = down {
                work.extend([(at, child), (to, 0)]);
                continue;
            }
            if number[at] == lowest[at] {
                let mut ring = Set::default();
                while let Some(top) = stack.pop() {
                    on_stack[top] = false;
                    ring.insert(all[top]);
                    if top == at {
                        break;
                    }
                }
                if ring.len() > 1 || children[at].contains(&at) {
                    found.push(ring);
                }
            }
        }
    }
    found
}

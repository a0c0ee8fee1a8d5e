//! The rings of a directed graph.

use crate::hash::{Map, Set};

/// Returns the sets of instructions that can be reached from each other (Tarjan, without recursion).
pub fn rings(edges: &Map<u64, Vec<u64>>) -> Vec<Set<u64>> {
    let mut found = Vec::new();
    let mut number: Map<u64, (usize, usize)> = Map::default();
    let mut stack = Vec::new();
    let mut on_stack = Set::default();
    let mut next = 0;
    let mut starts: Vec<u64> = edges.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        if number.contains_key(&start) {
            continue;
        }
        let mut work = vec![(start, 0)];
        while let Some((at, child)) = work.pop() {
            if child == 0 {
                number.insert(at, (next, next));
                next += 1;
                stack.push(at);
                on_stack.insert(at);
            }
            let children = edges.get(&at).map(Vec::as_slice).unwrap_or_default();
            if child > 0 {
                let low = number[&children[child - 1]].1;
                if on_stack.contains(&children[child - 1])
                    && let Some(own) = number.get_mut(&at)
                {
                    own.1 = own.1.min(low);
                }
            }
            let mut child = child;
            let mut down = None;
            while child < children.len() {
                let to = children[child];
                child += 1;
                if !number.contains_key(&to) {
                    down = Some(to);
                    break;
                }
                if on_stack.contains(&to) {
                    let low = number[&to].0;
                    if let Some(own) = number.get_mut(&at) {
                        own.1 = own.1.min(low);
                    }
                }
            }
            if let Some(to) = down {
                work.push((at, child));
                work.push((to, 0));
                continue;
            }
            let (own, low) = number[&at];
            if own == low {
                let mut ring = Set::default();
                while let Some(top) = stack.pop() {
                    on_stack.remove(&top);
                    ring.insert(top);
                    if top == at {
                        break;
                    }
                }
                if ring.len() > 1 || edges.get(&at).is_some_and(|to| to.contains(&at)) {
                    found.push(ring);
                }
            }
        }
    }
    found
}

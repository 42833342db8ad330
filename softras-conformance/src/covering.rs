//! Covering arrays: few rows in which any three choices of three axes meet.

use std::collections::HashSet;

use crate::scene::scramble;

/// How many axes' choices meet in some row, all of them.
pub const STRENGTH: usize = 3;

/// Rows that are tried for each that is kept: more give fewer rows.
const TRIES: u64 = 24;

/// Three axes, and a choice on each.
type Triple = [(usize, usize); STRENGTH];

/// Returns rows of one choice for each axis, where an axis has as many choices as `sizes` says: any choices of any three
/// axes meet in some row. With fewer axes it is the whole product. The same rows each time.
#[must_use]
pub fn rows(sizes: &[usize]) -> Vec<Vec<usize>> {
    if sizes.contains(&0) {
        return Vec::new();
    }
    let axes = triples(sizes.len());
    if axes.is_empty() {
        return product(sizes);
    }
    let mut open: HashSet<Triple> = axes
        .iter()
        .flat_map(|&[a, b, c]| {
            product(&[sizes[a], sizes[b], sizes[c]])
                .into_iter()
                .map(move |v| [(a, v[0]), (b, v[1]), (c, v[2])])
        })
        .collect();
    let mut order: Vec<Triple> = open.iter().copied().collect();
    order.sort_unstable();
    let mut rows = Vec::new();
    for triple in order {
        while open.contains(&triple) {
            let best = (0..TRIES)
                .map(|n| row(sizes, &triple, scramble(rows.len() as u64 * TRIES + n)))
                .max_by_key(|row| axes.iter().filter(|axes| open.contains(&choices(row, axes))).count());
            if let Some(row) = best {
                for axes in &axes {
                    open.remove(&choices(&row, axes));
                }
                rows.push(row);
            }
        }
    }
    rows
}

/// A row with the choices of a triple, the others by `seed`.
fn row(sizes: &[usize], triple: &Triple, seed: u64) -> Vec<usize> {
    let mut row: Vec<usize> =
        sizes.iter().enumerate().map(|(i, &n)| (scramble(seed ^ i as u64) % n as u64) as usize).collect();
    for &(axis, choice) in triple {
        row[axis] = choice;
    }
    row
}

fn choices(row: &[usize], axes: &[usize; STRENGTH]) -> Triple {
    axes.map(|axis| (axis, row[axis]))
}

fn triples(count: usize) -> Vec<[usize; STRENGTH]> {
    (0..count)
        .flat_map(|a| (a + 1..count).flat_map(move |b| (b + 1..count).map(move |c| [a, b, c])))
        .collect()
}

/// Returns every combination, as rows of one choice for each axis.
#[must_use]
pub fn product(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![Vec::new()], |rows, &n| {
        rows.iter().flat_map(|row| (0..n).map(move |v| [&row[..], &[v]].concat())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_three_choices_meet_in_some_row() {
        let sizes = [5, 3, 1, 4, 2];
        let rows = rows(&sizes);
        for axes in triples(sizes.len()) {
            for choice in product(&axes.map(|a| sizes[a])) {
                assert!(
                    rows.iter().any(|row| axes.iter().zip(&choice).all(|(&a, &v)| row[a] == v)),
                    "{axes:?} {choice:?}"
                );
            }
        }
        assert!(rows.len() < 120 && rows.len() >= 60, "{} rows", rows.len());
    }

    #[test]
    fn few_axes_are_their_product_and_an_axis_without_choices_has_no_row() {
        assert_eq!(rows(&[2, 3]).len(), 6);
        assert!(rows(&[2, 0, 3]).is_empty());
    }
}

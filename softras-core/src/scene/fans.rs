//! Which corners of which triangles stand at each vertex: [`Fans`].

/// The corners at each vertex, in ascending order: a gather over them gives the same bits every run.
#[derive(Clone, Debug)]
pub(super) struct Fans {
    starts: Vec<u32>,  // [V + 1]
    corners: Vec<u32>, // [3 F], corner k of triangle f is 3 f + k
}

impl Fans {
    /// Sorts the corners of `triangles` by vertex; all indices are below `vertex_count`, and `3 F` fits into `u32`.
    pub(super) fn new(triangles: &[[u32; 3]], vertex_count: usize) -> Self {
        let mut starts = vec![0_u32; vertex_count + 1];
        for &v in triangles.as_flattened() {
            starts[v as usize + 1] += 1;
        }
        for v in 0..vertex_count {
            starts[v + 1] += starts[v];
        }
        let mut next = starts.clone();
        let mut corners = vec![0_u32; 3 * triangles.len()];
        for (corner, &v) in (0_u32..).zip(triangles.as_flattened()) {
            let place = &mut next[v as usize];
            corners[*place as usize] = corner;
            *place += 1;
        }
        Self { starts, corners }
    }

    /// The triangle and corner (0, 1, 2) of everything that stands at vertex `v`.
    pub(super) fn at(&self, v: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let range = self.starts[v] as usize..self.starts[v + 1] as usize;
        self.corners[range].iter().map(|&corner| (corner as usize / 3, corner as usize % 3))
    }
}

//! [`three`]: one expression for each corner of a face, written out.

/// Evaluates `[expr at k = 0, expr at k = 1, expr at k = 2]` without a closure.
///
/// A closure is a function of its own: where it is not inlined it is compiled without the caller's instruction set, and
/// every lane operation in it becomes a call. Hot formulas therefore use this, not `map` or `from_fn`.
macro_rules! three {
    ($k:ident => $e:expr) => {
        [
            {
                let $k = 0;
                $e
            },
            {
                let $k = 1;
                $e
            },
            {
                let $k = 2;
                $e
            },
        ]
    };
}

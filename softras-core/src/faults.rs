//! What back ends with planted faults share: [`faults!`](crate::faults).

/// Declares the faults that a back end can plant in itself: what each does, and the law that is about it. Lists and texts are
/// there with the feature `faults` of the crate that declares them.
#[doc(hidden)]
#[macro_export]
macro_rules! faults {
    ($($(#[doc = $statement:literal])+ $name:ident => $law:literal,)+) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $statement])+ $name,)+
        }

        #[cfg(feature = "faults")]
        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it does, in a sentence.
            #[must_use]
            pub const fn statement(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($statement),+),)+
                }
            }

            /// The law that is about it.
            #[must_use]
            pub const fn law(self) -> &'static str {
                match self {
                    $(Self::$name => $law,)+
                }
            }
        }
    };
}

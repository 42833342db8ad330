//! Test-only: deliberately broken kernels.
//!
//! Each [`Fault`] is a bug that a back end could plausibly have. The hooks are single lines in the kernels that call a
//! function of this module; without the feature `faults` every one of them is the identity, known to the compiler. With
//! it, a [`Mutant`] is the back end with one fault, for the conformance suite to catch.

#[cfg(feature = "faults")]
mod mutant;
#[cfg(feature = "faults")]
mod pair;
#[cfg(feature = "faults")]
mod parts;
#[cfg(feature = "faults")]
mod planted;

mod hooks;

pub(crate) use hooks::*;
#[cfg(feature = "faults")]
pub use mutant::Mutant;
#[cfg(feature = "faults")]
pub(crate) use {pair::backward, parts::parts, planted::active};

softras_core::faults! {
    /// The last face of every picture is in no list.
    LosesTheLastFace => "forward::agrees_with_the_reference",
    /// A tile draws the first 64 faces of its list.
    CutsListsAt64 => "robustness::of_very_many_faces_in_one_tile",
    /// A box that ends on the first row of a tile is not listed there.
    OffByOneTile => "forward::agrees_around_tiles",
    /// The box of pixels that a face can reach lacks its last column.
    BoxTooSmall => "forward::agrees_with_the_reference",
    /// The last column of a block that the border of the picture cuts is not copied to the picture.
    LosesTheLastColumn => "contract::reuses_buffers",
    /// A tile beyond the sixty-fourth column draws the list of one of the first sixty-four.
    WrapsTileColumns => "forward::agrees_on_large_pictures",
    /// The seventeenth picture of a batch has the settings of the first, and so on.
    SettingsOfSixteen => "forward::agrees_on_large_pictures",
    /// The rows of a tile are written from below.
    TurnsRows => "contract::draws_one_pixel",
    /// A pixel is where its corner is.
    CentresPixelsAtCorners => "symmetry::of_mirrors_and_turns",
    /// Columns are measured by the width, rows by the height.
    StretchesPictures => "contract::draws_one_pixel",
    /// A tile that no face reaches is not drawn.
    SkipsEmptyTiles => "contract::draws_no_faces",
    /// Every picture has the sigma of the first.
    SigmaOfTheFirstPicture => "gradient::of_a_batch_is_that_of_its_pictures",
    /// Every picture has the background of the first.
    BackgroundOfTheFirstPicture => "gradient::of_a_batch_is_that_of_its_pictures",
    /// Every picture reads the texture rows from the first one's on.
    TexturesOfTheFirstPicture => "gradient::of_a_shared_texture_is_the_sum",
    /// Gradients to background and epsilon go to the wrong picture of a batch.
    MixesBatchGradients => "gradient::of_a_batch_is_that_of_its_pictures",
    /// Surface textures are read one texel off.
    ShiftsTexels => "forward::agrees_for_every_combination",
    /// A side of a surface texture counts one texel less than it has.
    ShortensTextures => "color::reads_every_texel_at_its_centre",
    /// The background's logit is twice what it should be.
    DoublesTheBackgroundLogit => "color::epsilon_lifts_the_background",
    /// Depths at near and far have no color.
    NearAndFarExclusive => "color::near_and_far_are_inclusive",
    /// Fronts are taken for backs.
    TurnsSides => "color::of_one_sided_faces",
    /// Faces that show their back are culled, from the silhouette too.
    CullsBacks => "silhouette::does_not_know_color",
    /// Colors are interpolated on the screen, whatever was asked for.
    AffineInterpolation => "color::is_interpolated_as_asked",
    /// Depth is normalised linearly, whatever was asked for.
    LinearDepth => "color::of_known_faces",
    /// A sigma below 1e-6 is taken for 1e-6.
    GuardsSigma => "limits::small_sigma_is_the_mask",
    /// A gamma below 1e-4 is taken for 1e-4.
    GuardsGamma => "limits::small_gamma_is_the_z_buffer",
    /// A gamma above 1,000 is taken for 1,000.
    CapsGamma => "limits::large_gamma_forgets_depth",
    /// An epsilon below -1 is taken for -1.
    GuardsEpsilon => "color::epsilon_lifts_the_background",
    /// Probabilities below 1e-12 are cut, whatever was asked for.
    GuardsTheCut => "limits::a_small_cut_is_none",
    /// A hard cut-off is ignored inside the box of a face.
    IgnoresTheCut => "gradient::ends_at_the_cut",
    /// The mean of Sum is over the faces of the tile.
    MeanOfTheTile => "silhouette::of_sum_is_the_mean",
    /// Channels past the fourth show the first.
    FourChannels => "color::channels_do_not_mix",
    /// Absent faces are drawn.
    DrawsAbsentFaces => "contract::skips_absent_faces",
    /// Faces without area are dropped in setup, silhouette and all.
    DropsFacesWithoutArea => "robustness::zero_area_has_no_color",
    /// Faces that reach behind the camera are dropped in setup, silhouette and all.
    DropsFacesBehindTheCamera => "robustness::faces_behind_the_camera_have_no_color",
    /// The inverse area of a face without area is infinite.
    DividesByNoArea => "robustness::poison_that_passes_is_harmless",
    /// The boxes of the last call's faces are kept where their number and the size of the picture are the same.
    KeepsOldFaces => "determinism::of_moving_scenes",
    /// The background in use is shared by all calls at once.
    SharesScratch => "determinism::of_concurrent_calls",
    /// 1 - D is computed as 1 - D, and guarded by 1e-6 where it divides.
    ClampsOneMinusD => "gradient::survives_saturation",
    /// The logarithm of D ends at -16.
    ClampsLogD => "forward::agrees_for_every_combination",
    /// A pixel that is opaque to one part in 16,384 takes no more faces.
    StopsWhenOpaque => "limits::many_faces_are_opaque",
    /// The sums of the softmax are not scaled down when a nearer face comes.
    ForgetsToRescale => "symmetry::of_face_order",
    /// The color gradient does not flow through D.
    DropsTheGradientOfD => "gradient::is_the_derivative_of_the_picture",
    /// The depth at a pixel moves with z, not with x and y, as in the published code.
    DropsDepthAlongTheScreen => "gradient::is_the_derivative_of_the_picture",
    /// The texture at a pixel does not move with x and y, as in the published code.
    DropsColorAlongTheScreen => "gradient::is_the_derivative_of_the_picture",
    /// The gradient to z has the wrong sign.
    TurnsTheGradientOfZ => "gradient::is_the_slope_of_the_picture",
    /// There is no gradient to epsilon.
    DropsTheGradientOfEpsilon => "gradient::is_the_derivative_of_the_picture",
    /// The gradient to gamma has the wrong sign.
    TurnsTheGradientOfGamma => "gradient::is_the_derivative_of_the_picture",
    /// Faces outside near and far have no silhouette gradient, as in the official code.
    DropsTheSilhouetteOutsideNearAndFar => "gradient::reaches_faces_outside_near_and_far",
    /// Only the nearest face of a pixel has a color gradient.
    GradientOfTheNearestAlone => "gradient::reaches_hidden_faces",
    /// A face that is cut into pieces of work keeps the gradient of the first alone.
    LosesTheLastItem => "forward::agrees_on_large_pictures",
    /// Pictures that share a texture overwrite each other's gradient.
    OverwritesSharedTextures => "gradient::of_a_shared_texture_is_the_sum",
    /// An image gradient that is not given counts as one of ones.
    InventsImageGradients => "gradient::of_one_picture_alone",
    /// A state gives no gradient the second time.
    UsesUpTheState => "gradient::is_pure",
    /// Lanes are added in an order that differs from call to call, as atomics do.
    AddsInAnyOrder => "determinism::of_runs",
    /// Long lists are drawn in an order that differs from call to call.
    ListsInAnyOrder => "determinism::of_many_faces",
    /// The pictures of a batch but the first draw their faces from the last.
    BatchesInAnotherOrder => "gradient::of_a_batch_is_that_of_its_pictures",
    /// Color alone is drawn from the last face.
    ColorAloneInAnotherOrder => "contract::draws_what_is_asked",
    /// Lanes are added in an order that depends on the number of threads.
    AddsByThreads => "determinism::of_variants",
    /// The exponential of vector lanes is off by one part in a million.
    LooseExponential => "functions::run_alone_are_the_core",
    /// A function that is run alone leaves out its last row.
    LosesTheLastRow => "functions::run_alone_are_the_core",
    /// An edge on a pixel centre belongs to the face on its right alone, as where faces have hard edges.
    EdgesOfOneFace => "silhouette::on_a_shared_edge_is_three_quarters",
    /// The slope of the unsquared distance is divided by a distance of 0.
    DividesByNoDistance => "robustness::poison_that_passes_is_harmless",
    /// A 1 / gamma above 1e9 overflows.
    OverflowsAtSmallGamma => "robustness::extreme_settings_are_harmless",
    /// Hard silhouettes pass their gradient on.
    LeaksThroughHardSilhouettes => "gradient::of_hard_parts_is_zero",
    /// Colors are clamped to 0..1.
    ClampsColors => "color::is_linear_in_its_colors",
    /// Image gradients are clamped to -2..2.
    ClampsImageGradients => "gradient::is_linear",
    /// An alpha of 0 is not written to the picture.
    LeavesEmptyPixels => "contract::reuses_buffers",
    /// Gradients are added to what is in their buffer.
    AddsToGradientBuffers => "contract::reuses_buffers",
    /// Pairs beyond the border of the picture are counted.
    CountsBeyondTheBorder => "forward::pairs_are_those_of_the_reference",
    /// A hard silhouette is what the last face in reach says.
    LastFaceDecides => "silhouette::adding_a_face_never_lowers_it",
    /// A face with the corners of the one before it is dropped.
    DropsCopies => "silhouette::of_a_face_twice",
    /// Over lets the background through as if each face were there twice.
    OverCountsTwice => "color::over_white_is_the_silhouette",
    /// Of faces at the same depth the last is seen.
    LastOfEquals => "color::of_hard_is_the_nearest",
    /// Metrics of a user's own are taken to reach no pixel outside a face's box.
    CustomPartsReachNothing => "contract::custom_parts_equal_what_they_imitate",
    /// A batch of no pictures is refused.
    NeedsAPicture => "contract::draws_no_faces",
    /// Every gradient to a corner is lifted by 1e-20, so that nothing divides by 0.
    LiftsGradients => "gradient::of_nothing_is_zero",
    /// A picture that is drawn in turns, for want of memory, lacks the last.
    LosesTheLastTurn => "determinism::of_memory_budgets",
    /// Alpha is rounded to one part in 4,096.
    RoundsAlpha => "silhouette::of_known_faces",
    /// Gradients to the corners have the wrong sign.
    TurnsTheGradient => "gradient::descends",
    /// Alpha ends two units in the last place above 1.
    AlphaAboveOne => "robustness::alpha_stays_in_range",
    /// After an error the state of the last picture is still there.
    KeepsTheStateAfterAnError => "contract::an_error_empties_the_state",
    /// A gamma out of range is taken for 1e-4.
    RepairsGamma => "contract::refuses_bad_parameters",
    /// Values that do not fit the batch are taken for the default.
    RepairsShapes => "contract::refuses_bad_shapes",
    /// An image gradient that does not fit is taken for none.
    AcceptsAnyImageGradient => "contract::refuses_bad_image_gradients",
    /// An empty state gives gradients of zeros.
    AcceptsEmptyStates => "contract::an_error_empties_the_state",
    /// A picture that is too wide is cut.
    CutsWidePictures => "contract::refuses_what_it_does_not_list",
    /// The memory limit is ignored.
    IgnoresTheMemoryLimit => "contract::refuses_too_much_memory",
    /// Gradients that nobody wants are left in place.
    LeavesUnwantedGradients => "gradient::wanted_alone_is_the_same",
    /// The gradient to sigma has one number for all pictures.
    OneSigmaGradient => "gradient::has_the_shape_of_its_parameter",
    /// The device has no name.
    NamelessDevice => "contract::says_who_it_is",
    /// Skipping what is opaque begins at an alpha of 0.9.
    SkipsTooEarly => "contract::may_skip_what_is_opaque",
}

/// Tells whether a fault is planted: never, without the feature.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub(crate) const fn active(_: Fault) -> bool {
    false
}

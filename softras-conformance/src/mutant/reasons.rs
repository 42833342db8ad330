//! Why a law stays that no mutant needs.

/// About the formulas of the core: no hook may enter it.
const CORE: &str = "It is about the core, where no fault is planted.";
/// Needs files that are not in the repository.
const DATA: &str =
    "Its numbers were made by others' programs: where we and the reference err alike, it alone tells.";
/// No oracle in it but the back end itself.
const SYMMETRY: &str = "It needs no reference: where back end and reference share a formula, it alone tells.";
/// Closed forms.
const BY_HAND: &str =
    "Its numbers were computed by hand: where back end and reference share a formula, it alone tells.";

/// Laws that need not be the only ones to catch some mutant, and why they stay.
pub const REASONS: &[(&str, &str)] = &[
    ("functions::colors_are_monoids", CORE),
    ("functions::known_answers", CORE),
    ("functions::logistic_keeps_its_tails", CORE),
    ("functions::silhouettes_are_monoids", CORE),
    ("functions::texels_tile_the_face", CORE),
    ("functions::the_grid_is_the_official_one", CORE),
    ("functions::vjps_are_derivatives", CORE),
    ("robustness::constructors_refuse_poison", CORE),
    (
        "contract::refuses_foreign_states",
        "`DynRasterizer` refuses them for every back end, so none can break it: it is about that.",
    ),
    ("golden::blenders_teapot", DATA),
    ("golden::deformation_demo", DATA),
    ("golden::official_maths", DATA),
    ("golden::pytorch3d_silhouettes", DATA),
    ("symmetry::of_affine_maps", SYMMETRY),
    ("symmetry::of_corner_order", SYMMETRY),
    ("symmetry::of_face_order", SYMMETRY),
    ("symmetry::of_mirrors_and_turns", SYMMETRY),
    ("symmetry::of_place_and_scale", SYMMETRY),
    ("symmetry::of_rigid_motions", SYMMETRY),
    ("color::a_face_moves_a_network_by_its_share", SYMMETRY),
    ("silhouette::adding_a_face_never_lowers_it", SYMMETRY),
    ("silhouette::does_not_know_color", SYMMETRY),
    ("silhouette::fades_with_distance", SYMMETRY),
    ("silhouette::hardly_depends_on_the_cut", SYMMETRY),
    ("silhouette::is_at_least_its_largest_face", SYMMETRY),
    ("silhouette::of_a_face_twice", SYMMETRY),
    ("silhouette::of_faces_is_their_product", SYMMETRY),
    ("silhouette::of_hard_is_any_above_half", SYMMETRY),
    ("silhouette::of_sum_is_the_mean", SYMMETRY),
    ("color::channels_do_not_mix", SYMMETRY),
    ("color::over_white_is_the_silhouette", SYMMETRY),
    ("color::stays_in_the_hull", SYMMETRY),
    ("limits::a_small_cut_is_none", SYMMETRY),
    ("silhouette::of_known_faces", BY_HAND),
    ("silhouette::on_a_shared_edge_is_three_quarters", BY_HAND),
    ("color::epsilon_lifts_the_background", BY_HAND),
    ("color::is_interpolated_as_asked", BY_HAND),
    ("color::of_hard_is_the_nearest", BY_HAND),
    ("color::of_known_faces", BY_HAND),
    ("color::of_one_sided_faces", BY_HAND),
    ("color::prefers_the_nearer_face", BY_HAND),
    ("color::reads_every_texel_at_its_centre", BY_HAND),
    ("contract::draws_one_pixel", BY_HAND),
    ("limits::both_small_are_hard", BY_HAND),
    ("limits::many_faces_are_opaque", BY_HAND),
    ("limits::small_sigma_is_the_mask", BY_HAND),
    ("limits::small_gamma_is_the_z_buffer", BY_HAND),
    (
        "forward::agrees_with_the_reference",
        "The broadest: it prints the smallest of random scenes that differs, where others say which promise broke.",
    ),
    (
        "forward::agrees_for_every_combination",
        "The only one that draws every pair of parts and settings; a back end with fewer kernels than ours needs it.",
    ),
    (
        "forward::agrees_on_strange_scenes",
        "The only one that compares the numbers of slivers, huge and tiny faces and those behind the camera.",
    ),
    (
        "forward::agrees_around_tiles",
        "It meets the edges of tiles on purpose, where random scenes do so by chance.",
    ),
    (
        "forward::is_the_merge_of_any_split",
        "The law that lets a back end cut its faces among workgroups; ours draws each tile in one piece.",
    ),
    ("forward::pairs_of_a_sphere", "The counts of a published scene, of a size that no other law has."),
    (
        "robustness::of_very_many_faces_in_one_tile",
        "The only tile with more faces than any fixed capacity; capacities of other back ends lie above ours.",
    ),
    (
        "robustness::zero_area_has_no_color",
        "It names each face without area, in every metric and color: random strange scenes meet some by chance.",
    ),
    (
        "robustness::faces_behind_the_camera_have_no_color",
        "The only one whose face has the same silhouette in front of the camera, across it and behind it.",
    ),
    (
        "robustness::alpha_stays_in_range",
        "The only one that asks for the range itself of every random scene: comparisons let an alpha above 1 pass.",
    ),
    (
        "robustness::extreme_settings_are_harmless",
        "The only one at the limits that validation lets pass: a device flushes and overflows earlier than a CPU.",
    ),
    (
        "robustness::poison_that_passes_is_harmless",
        "It names the strange face; random strange scenes meet each by chance.",
    ),
    (
        "gradient::is_the_derivative_of_the_picture",
        "The only one whose derivative is not written by hand anywhere: dual numbers, for every combination.",
    ),
    (
        "gradient::is_the_slope_of_the_picture",
        "The only one that trusts nothing but pictures of the back end: central differences.",
    ),
    ("gradient::descends", "What a fit needs, by the back end's own pictures alone."),
    (
        "gradient::is_finite",
        "A line of the gradient contract, asked of every scene by itself; no fault of ours makes a gradient infinite alone.",
    ),
    (
        "gradient::is_pure",
        "A line of the gradient contract: the only one that goes back twice from a state with other gradients between.",
    ),
    (
        "gradient::ends_at_the_cut",
        "A line of the gradient contract: exactly 0 beyond reach, where a comparison has a tolerance.",
    ),
    ("gradient::of_a_batch_is_that_of_its_pictures", "A line of the gradient contract, in bits."),
    (
        "gradient::of_a_shared_texture_is_the_sum",
        "The only one that adds up the gradients of copies; the reference may share textures wrongly as well.",
    ),
    ("gradient::of_hard_parts_is_zero", "Exactly 0, where a comparison has a tolerance."),
    (
        "gradient::of_nothing_is_zero",
        "A line of the gradient contract: exactly 0, where a comparison has a tolerance.",
    ),
    ("gradient::of_shapes_and_weights", "The only one about the parameters of parts of a user's own."),
    ("gradient::reaches_faces_outside_near_and_far", "The fault of the official code by its name."),
    ("gradient::reaches_hidden_faces", "A line of the gradient contract, and what soft rasterizers are for."),
    (
        "gradient::survives_saturation",
        "It asks at a 1 - D of 1e-9 on purpose, where random scenes come by chance.",
    ),
    (
        "gradient::has_the_shape_of_its_parameter",
        "A line of the gradient contract: it says so where a comparison would only say that numbers differ.",
    ),
    (
        "determinism::of_many_faces",
        "The only one with long lists that needs neither variants nor a memory budget of the back end.",
    ),
    ("determinism::of_runs", "A line of the gradient contract: every other law about bits assumes it."),
    (
        "determinism::of_stale_states",
        "The only one that draws another size and style into a state, without going back in between.",
    ),
    ("contract::reuses_buffers", "The only one that leaves NaN in every buffer."),
];

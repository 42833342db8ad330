//! What must come of every file.

use Expected::{Colored, Error, Faces};

/// What must come of a file.
pub(crate) enum Expected {
    /// This many triangles.
    Faces(usize),
    /// This many triangles, colored so.
    Colored(usize, Color),
    /// An error whose text holds these words.
    Error(&'static str),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Color {
    Vertex,
    /// Flat faces.
    Face,
    /// Baked from a picture, at least 2 texels a side.
    Picture,
}

/// Every file of `meshes/trimesh`, decided one by one.
pub(crate) const TRIMESH: &[(&str, Expected)] = &[
    // Not a mesh, or a format that is not read.
    ("LICENSE.md", Error("unsupported format")),
    ("Mesh_PrimitiveMode_04.bin", Error("unsupported format")),
    ("box.mtl", Error("unsupported format")),
    ("fuze uv.jpg", Error("unsupported format")),
    ("fuze.obj.mtl", Error("unsupported format")),
    // Nothing to render.
    ("empty_nodes.glb", Error("no vertices")),
    ("empty.obj", Error("no vertices")),
    ("empty.ply", Error("no vertices")),
    ("face_in_group_name.obj", Error("1 vertices but no face")),
    ("points_bin.ply", Error("5 vertices but no face")),
    ("emptyIO/obj_empty.obj", Error("no vertices")),
    ("emptyIO/obj_points.obj", Error("8 vertices but no face")),
    ("emptyIO/obj_wireframe.obj", Error("8 vertices but no face")),
    ("emptyIO/ply_empty_ascii.ply", Error("no vertices")),
    ("emptyIO/ply_empty_bin.ply", Error("no vertices")),
    ("emptyIO/ply_empty_header.ply", Error("no vertices")),
    ("emptyIO/ply_points_ascii.ply", Error("8 vertices but no face")),
    ("emptyIO/ply_points_bin.ply", Error("8 vertices but no face")),
    ("emptyIO/stl_empty_ascii.stl", Error("no vertices")),
    ("emptyIO/stl_empty_bin.stl", Error("no vertices")),
    // A face of two corners.
    ("notenoughindices.obj", Error("line 9: found a face of 2 corners")),
    // Its faces have more numbers than its header says.
    ("fuze_ascii.ply", Error("line 523: found one more number")),
    // The rest are meshes. Those that name a material they do not have are grey.
    ("BoxInterleaved.glb", Colored(12, Color::Face)),
    ("BoxTextured.glb", Colored(12, Color::Picture)),
    ("Mesh_PrimitiveMode_04.gltf", Colored(2, Color::Face)),
    ("box.obj", Colored(12, Color::Face)),
    ("bunny.ply", Faces(16301)),
    ("busted.STL", Faces(3878)),
    ("comments.off", Colored(12, Color::Face)),
    ("cube.OBJ", Faces(12)),
    ("cube_blender_uv.ply", Faces(12)),
    ("cube_compressed.obj", Faces(12)),
    ("cubevc.glb", Colored(48, Color::Vertex)),
    ("cubevt.obj", Faces(12)),
    ("featuretype.ply", Faces(3476)),
    ("fuze.obj", Colored(1000, Color::Picture)),
    ("fuze.ply", Colored(1000, Color::Vertex)),
    ("joined_tetrahedra.obj", Faces(8)),
    ("metadata.ply", Faces(2)),
    ("multibody.stl", Faces(32)),
    ("nancolor.obj", Faces(12)),
    ("negative_indices.obj", Faces(12)),
    ("nested.glb", Colored(36, Color::Face)),
    ("no_indices_3storybuilding.glb", Faces(72)),
    ("noimg.obj", Colored(1000, Color::Face)),
    ("not_convex.obj", Faces(96)),
    ("obj_with_no_face_in_chunk.obj", Colored(1, Color::Face)),
    ("plane_tri.ply", Faces(2)),
    ("polygonfaces.obj", Colored(3, Color::Face)),
    ("rgb_cube_with_primitives.gltf", Colored(12, Color::Face)),
    ("quadknot.obj", Colored(2880, Color::Vertex)),
    ("singlevn.obj", Colored(2, Color::Face)),
    ("soup.stl", Faces(100)),
    ("suzanne.ply", Faces(968)),
    ("textured_tetrahedron.obj", Faces(4)),
    ("torus.STL", Faces(8700)),
    ("tube.obj", Colored(120, Color::Face)),
    ("two_objects.obj", Faces(16)),
    ("wallhole.obj", Colored(66, Color::Face)),
    ("whitespace.off", Colored(12, Color::Face)),
];

/// Other meshes, and the number of their triangles.
pub(crate) const MESHES: &[(&str, Expected)] = &[
    ("spot/spot_triangulated.obj", Colored(5856, Color::Picture)),
    ("bob/bob_tri.obj", Colored(10688, Color::Picture)),
    ("deform/plane.obj", Faces(2700)),
    ("deform/sphere_1352.obj", Faces(2700)),
    ("deform/sphere_642.obj", Colored(1280, Color::Face)),
    ("golden/nmr/teapot.obj", Faces(2464)),
    ("meshes/gltf/Fox.glb", Colored(576, Color::Picture)),
    ("meshes/gltf/SimpleSkin.gltf", Faces(8)),
    ("meshes/gltf/alien.glb", Colored(292, Color::Face)),
    ("meshes/gltf/cakeBirthday.glb", Colored(1332, Color::Face)),
    ("meshes/gltf/tile.glb", Colored(20, Color::Face)),
    ("meshes/odedstein/bunny.obj", Faces(6598)),
    ("meshes/odedstein/cat-low-resolution.obj", Faces(15894)),
    ("meshes/odedstein/fish.obj", Faces(21568)),
    ("meshes/odedstein/fish_control_mesh.obj", Faces(220)),
    ("meshes/odedstein/goathead.obj", Faces(5522)),
    ("meshes/odedstein/hand_closed.obj", Faces(15982)),
    ("meshes/odedstein/human_man.obj", Faces(13776)),
    ("meshes/odedstein/koala_low_resolution.obj", Faces(7116)),
    ("meshes/odedstein/penguin.obj", Faces(6720)),
    ("meshes/odedstein/plane_holes.obj", Faces(16747)),
    ("meshes/odedstein/scorpion_low_resolution.obj", Faces(12626)),
    ("meshes/odedstein/spot_control_mesh.obj", Faces(372)),
    ("meshes/odedstein/spot_low_resolution.obj", Faces(1654)),
    ("meshes/odedstein/torus.obj", Faces(4608)),
    ("meshes/odedstein/wingnut.obj", Faces(6090)),
];

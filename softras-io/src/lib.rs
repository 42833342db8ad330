//! Meshes, textures, images, cameras and sample shapes for softras.

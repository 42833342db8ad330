"""Times DEODR (a hard rasterizer with antialiased edges) on a scene of softras-bench.

    pip install deodr==0.2.3 trimesh typing_extensions
    python time_deodr.py MESH.obj SIZE [RUNS]

The scene is that of `softras bench --scene spot@SIZE`: the mesh centred, its longest side 1, a color at each vertex
from its place, the same camera. A fourth channel is the silhouette. Timed
are the rasterization and its gradient to vertices on the screen and colors, as for softras: no projection, no light.
The last line is JSON as `softras bench --json` prints it.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
from deodr.differentiable_renderer import PerspectiveCamera, Scene3D
from deodr.triangulated_mesh import ColoredTriMesh

DISTANCE, ELEVATION, AZIMUTH = 2.732, np.radians(20.0), np.radians(30.0)
FIELD_OF_VIEW = 30.0


def read_obj(path):
    """Returns vertices [V, 3] and triangles [F, 3] of an OBJ file of triangles."""
    vertices, faces = [], []
    with open(path) as file:
        for line in file:
            words = line.split()
            if words[:1] == ["v"]:
                vertices.append([float(x) for x in words[1:4]])
            elif words[:1] == ["f"]:
                if len(words) != 4:
                    sys.exit(f"{path}: found a face of {len(words) - 1} corners, expected triangles")
                faces.append([int(word.split("/")[0]) - 1 for word in words[1:4]])
    return np.array(vertices), np.array(faces, dtype=np.uint32)


def build(path, size):
    vertices, faces = read_obj(path)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    vertices = (vertices - (low + high) / 2) / (high - low).max()
    colors = np.clip(0.5 + 0.9 * vertices, 0.0, 1.0)
    colors = np.column_stack((colors, np.ones(len(vertices))))
    mesh = ColoredTriMesh(faces, vertices, colors=colors, nb_colors=4)
    scene = Scene3D(integer_pixel_centers=False)
    scene.set_light(light_directional=None, light_ambient=1.0)
    scene.set_mesh(mesh)
    scene.set_background_color(np.zeros(4))
    # The rows of the rotation: right, down and forward of a camera that looks to the origin.
    forward = -np.array(
        [np.cos(ELEVATION) * np.sin(AZIMUTH), np.sin(ELEVATION), -np.cos(ELEVATION) * np.cos(AZIMUTH)]
    )
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(forward, right), forward])
    camera = PerspectiveCamera(size, size, FIELD_OF_VIEW, np.zeros(3), rotation)
    camera.extrinsic = np.column_stack((rotation, [0.0, 0.0, DISTANCE]))
    return scene, camera


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, size = sys.argv[1], int(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) == 4 else 5
    scene, camera = build(path, size)
    image = scene.render(camera)
    covered = (image[:, :, 3] > 0.5).mean()
    nearest = scene.store_backward_current["render_2d"][1].min()
    if not (0.05 < covered < 0.95 and nearest < DISTANCE):
        sys.exit(f"found {covered:.2f} of the picture covered, nearest depth {nearest:.2f}: expected a mesh")
    grad = np.random.default_rng(7).uniform(-1.0, 1.0, image.shape)
    times = []
    for run in range(runs + 1):
        at = []
        for work in (scene._render_2d, lambda: scene._render_2d_backward(grad)):
            scene.clear_gradients()
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            at += [1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)]
        if run > 0:
            times.append(at)
    if not np.abs(scene.scene_2d.ij_b).sum() > 0.0:
        sys.exit("found no gradient to vertices, expected some")
    forward, forward_cpu, backward, backward_cpu = (statistics.median(column) for column in zip(*times))
    row = {
        "backend": "deodr",
        "scene": f"{os.path.basename(path).split('_')[0].split('.')[0]}@{size}",
        "sigma": 1e-5,
        "threads": 1,
        "forward_ms": forward,
        "backward_ms": backward,
        "pairs": None,
        "pairs_per_second": None,
        "peak_mib": None,
        "vs_brute": None,
        "forward_cpu_ms": forward_cpu,
        "backward_cpu_ms": backward_cpu,
        "runs": runs,
    }
    print(json.dumps({"rows": [row]}))


main()

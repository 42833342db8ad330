// Prepare the weights of rho: a workgroup a tile. 64 pixels at a time reverse each unit; then each lane adds, in the order
// of the pixels, to the weights that are its own.

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<storage, read> units: array<Unit>;
@group(0) @binding(2) var<storage, read> numbers: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read> picture_grad: array<f32>;
@group(0) @binding(5) var<storage, read_write> weight_rows: array<f32>;

// Step, and the gradients with faces and without, of as many units as there is room for, [RHO_UNITS, 3, 64].
var<workgroup> terms: array<f32, RHO_TERMS>;

// A pixel of the tile.
struct TilePixel {
    draws: bool,
    // Its number among the states.
    pixel: u32,
    // Where its first plane lies.
    plane: u32,
}

fn tile_pixel(u: u32, tile: u32, i: u32) -> TilePixel {
    let x = tile % globals.tiles_across * TILE_SIDE + i % TILE_SIDE;
    let y = tile / globals.tiles_across * TILE_SIDE + i / TILE_SIDE;
    let local = y * globals.window_width + x;
    return TilePixel(
        x < globals.window_width && y < globals.window_height,
        u * globals.window_pixels + local,
        u * PICTURE_PLANES * globals.window_pixels + local,
    );
}

// The sum over 64 pixels of the gradient to weight `n` of unit `k` of those in `terms`.
fn pixel_sum(u: u32, tile: u32, first: u32, k: u32, n: u32, background: Channels) -> f32 {
    var sum = 0.0;
    for (var j = 0u; j < 64u; j++) {
        let own = tile_pixel(u, tile, first + j);
        if !own.draws {
            continue;
        }
        let at = k * 192u + j;
        if n == 0u {
            sum += terms[at + 128u];
        } else if n < 1u + CHANNELS {
            sum += terms[at + 128u] * background[n - 1u];
        } else if n < 1u + CHANNELS + HIDDEN {
            let i = n - 1u - CHANNELS;
            sum += terms[at + 64u] * state[own.pixel * globals.state_stride + globals.sums_at + i];
        } else {
            let c = n - 1u - CHANNELS - HIDDEN;
            sum += terms[at] * picture_grad[own.plane + c * globals.window_pixels];
        }
    }
    return sum;
}

@compute @workgroup_size(64)
fn prepare_weights(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups);
    let u = number / globals.tiles;
    let tile = number % globals.tiles;
    if u >= globals.units {
        return;
    }
    let context = units[u].setting.color;
    let background = background_of(u);
    let row = number * RHO_WEIGHTS;
    for (var n = lane; n < RHO_WEIGHTS; n += 64u) {
        weight_rows[row + n] = 0.0;
    }
    // Who adds to a weight is not who cleared it, where there are more units than room.
    storageBarrier();
    for (var first = 0u; first < TILE_SIDE * TILE_SIDE; first += 64u) {
        let own = tile_pixel(u, tile, first + lane);
        var pixel: NeuralPixel;
        var grad: Channels;
        pixel.background = background;
        if own.draws {
            pixel.sums = sums_at(own.pixel);
            for (var c = 0u; c < CHANNELS; c++) {
                grad[c] = picture_grad[own.plane + c * globals.window_pixels];
            }
        }
        for (var begin = 0u; begin < HIDDEN; begin += RHO_UNITS) {
            let end = min(begin + RHO_UNITS, HIDDEN);
            for (var k = begin; k < end; k++) {
                let unit = neural_rho_vjp(context.weights + neural_layout_rho(k), pixel, grad);
                let at = (k - begin) * 192u + lane;
                terms[at] = unit.step;
                terms[at + 64u] = unit.with_faces;
                terms[at + 128u] = unit.without;
            }
            workgroupBarrier();
            let to = row + neural_layout_rho(begin) - neural_layout_rho(0u);
            for (var n = lane; n < (end - begin) * neural_layout_rho_size(); n += 64u) {
                let k = n / neural_layout_rho_size();
                weight_rows[to + n] += pixel_sum(u, tile, first, k, n % neural_layout_rho_size(), background);
            }
            workgroupBarrier();
        }
    }
}

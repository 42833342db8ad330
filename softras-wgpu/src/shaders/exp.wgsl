// The exponential: the polynomial of the host, since the built-in one is too loose (KERNELS 4).

const EXP_LOWEST: f32 = -80.0;
const EXP_HIGHEST: f32 = 88.0;

fn exp_f32(x: f32) -> f32 {
    let held = min(max(x, EXP_LOWEST), EXP_HIGHEST);
    let near = real_nearest_pow2(held * 1.44269504088896340736);
    let n = near.n;
    let r = held - n * 0.693359375 - n * -2.1219444005e-4;
    var p = 1.9875691500e-4;
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    let y = p * real_sq(r) + r + 1.0;
    return select(y * near.pow2, 0.0, x < EXP_LOWEST);
}

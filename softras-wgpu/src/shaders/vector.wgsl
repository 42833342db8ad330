// Points and directions on the screen.

fn vec2_dot(vec2_: vec2<f32>, o: vec2<f32>) -> f32 {
    return vec2_.x * o.x + vec2_.y * o.y;
}

fn vec2_cross(vec2_: vec2<f32>, o: vec2<f32>) -> f32 {
    return vec2_.x * o.y - vec2_.y * o.x;
}

fn vec2_scale(vec2_: vec2<f32>, k: f32) -> vec2<f32> {
    return vec2<f32>(vec2_.x * k, vec2_.y * k);
}

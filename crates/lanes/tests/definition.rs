//! Convolutions and dense layers of sixteen inputs against their definition, one input at a time.

use limbic_lanes::{Conv, Dense, LANES, Lane, Patch, Rect, Window, alive};

/// Numbers between -1 and 1, a third of them 0.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let one = |i: usize| if (i * 7 + seed).is_multiple_of(3) { 0.0 } else { ((i * 37 + seed * 11) % 29) as f32 / 14.0 - 1.0 };
    (0..count).map(one).collect()
}

const IN: [usize; 3] = [2, 7, 6];
const OUT: usize = 19;

fn window() -> Window {
    // Rows: (7 + 2 - 3) / 2 + 1 = 4; columns: (6 + 4 - 3) / 1 + 1 = 8, the kernel reaching over three.
    Window { size: [3, 2], stride: [2, 1], padding: [1, 2], dilation: [1, 2], output: [4, 8] }
}

fn close(what: &str, got: &[f32], wanted: &[f32]) {
    let worst = got.iter().zip(wanted).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(got.len() == wanted.len() && worst < 1e-4, "{what}: {worst}");
}

/// Every (output place, input place, kernel place) that a convolution joins.
fn joints() -> Vec<(usize, usize, usize)> {
    let w = window();
    let mut all = Vec::new();
    for (oy, ox) in Rect::whole(w.output).places() {
        for (k, (ky, kx)) in Rect::whole(w.size).places().enumerate() {
            let (y, x) = (oy * w.stride[0] + ky * w.dilation[0], ox * w.stride[1] + kx * w.dilation[1]);
            if y >= w.padding[0] && x >= w.padding[1] && y - w.padding[0] < IN[1] && x - w.padding[1] < IN[2] {
                all.push((oy * w.output[1] + ox, (y - w.padding[0]) * IN[2] + x - w.padding[1], k));
            }
        }
    }
    all
}

#[test]
fn a_convolution_its_gradient_and_its_changes_are_those_of_the_definition() {
    let (weight, bias) = (numbers(OUT * IN[0] * 6, 1), numbers(OUT, 2));
    let conv = Conv::of(weight.clone(), bias.clone(), window(), [IN[1], IN[2]]);
    let (area, places) = (IN[1] * IN[2], 32);
    let rows = numbers(LANES * IN[0] * area, 3);
    let forward = |row: &[f32]| {
        let mut out: Vec<f32> = bias.iter().flat_map(|b| vec![*b; places]).collect();
        for (to, from, k) in joints() {
            for (o, c) in (0..OUT).flat_map(|o| (0..IN[0]).map(move |c| (o, c))) {
                out[o * places + to] += weight[(o * IN[0] + c) * 6 + k] * row[c * area + from];
            }
        }
        out
    };
    let lanes = alive::of_rows(&rows, IN[0], area);
    let output = conv.through(&lanes);
    let wanted: Vec<f32> = rows.chunks(IN[0] * area).flat_map(forward).collect();
    close("output", &alive::to_rows(&output, OUT, places, LANES), &wanted);

    let at_output = numbers(LANES * OUT * places, 4);
    let back = |row: &[f32]| {
        let mut gradient = vec![0.0; IN[0] * area];
        for (to, from, k) in joints() {
            for (o, c) in (0..OUT).flat_map(|o| (0..IN[0]).map(move |c| (o, c))) {
                gradient[c * area + from] += weight[(o * IN[0] + c) * 6 + k] * row[o * places + to];
            }
        }
        gradient
    };
    let gradient = conv.gradient(&alive::of_rows(&at_output, OUT, places));
    let wanted: Vec<f32> = at_output.chunks(OUT * places).flat_map(back).collect();
    close("gradient", &alive::to_rows(&gradient, IN[0], area, LANES), &wanted);

    // A patch of changes does to the output what it does to the input.
    let rect = Rect { top: 2, bottom: 4, left: 5, right: 6 };
    let mut patch = Patch::zeros(rect, IN[0]);
    patch.values.iter_mut().flatten().zip(numbers(1000, 5)).for_each(|(v, n)| *v = n);
    let mut changed = lanes.clone();
    for ((row, column), values) in rect.places().zip(patch.values.chunks(IN[0])) {
        let start = (row * IN[2] + column) * IN[0];
        alive::add(&mut changed[start..start + IN[0]], values);
    }
    let changes = conv.changed(&patch);
    let mut updated = output;
    for ((row, column), values) in changes.rect.places().zip(changes.values.chunks(OUT)) {
        let start = (row * 8 + column) * OUT;
        alive::add(&mut updated[start..start + OUT], values);
    }
    close("changes", updated.as_flattened(), conv.through(&changed).as_flattened());
}

#[test]
fn a_dense_layer_its_gradient_and_its_changes_are_those_of_the_definition() {
    let (channels, side, units) = (3, 5, 37);
    let places = side * side;
    let (weight, bias) = (numbers(channels * places * units, 1), numbers(units, 2));
    let dense = Dense::of(weight.clone(), bias.clone(), channels, places);
    let inputs = channels * places;
    let groups: Vec<Vec<f32>> = (0..2).map(|g| numbers(LANES * inputs, 3 + g)).collect();
    let lanes: Vec<Vec<Lane>> = groups.iter().map(|g| alive::of_rows(g, channels, places)).collect();
    let each: Vec<&[Lane]> = lanes.iter().map(Vec::as_slice).collect();
    let mut sums = dense.through(&each);
    for (rows, sums) in groups.iter().zip(&sums) {
        let one = |row: &[f32], u: usize| bias[u] + (0..inputs).map(|i| row[i] * weight[i * units + u]).sum::<f32>();
        let wanted: Vec<f32> = rows.chunks(inputs).flat_map(|row| (0..units).map(move |u| one(row, u))).collect();
        close("sums", &alive::to_rows(sums, units, 1, LANES), &wanted);
    }
    // Unrelated gradients, and ones that differ in few units from input to input.
    let steps: Vec<f32> = (0..2 * LANES).flat_map(|i| (0..units).map(move |u| f32::from(u8::from(i > u)))).collect();
    let unrelated = numbers(2 * LANES * units, 6);
    for at_sums in [unrelated, steps] {
        let grouped: Vec<Vec<Lane>> = at_sums.chunks(LANES * units).map(|g| alive::of_rows(g, units, 1)).collect();
        for (rows, gradient) in at_sums.chunks(LANES * units).zip(dense.gradient(&grouped)) {
            let one = |row: &[f32], i: usize| (0..units).map(|u| row[u] * weight[i * units + u]).sum::<f32>();
            let wanted: Vec<f32> = rows.chunks(units).flat_map(|row| (0..inputs).map(move |i| one(row, i))).collect();
            close("gradient", &alive::to_rows(&gradient, channels, places, LANES), &wanted);
        }
    }
    let rect = Rect { top: 1, bottom: 3, left: 0, right: 5 };
    let mut patch = Patch::zeros(rect, channels);
    patch.values.iter_mut().flatten().zip(numbers(1000, 8)).for_each(|(v, n)| *v = n);
    let mut changed = lanes.clone();
    for lanes in &mut changed {
        for ((row, column), values) in rect.places().zip(patch.values.chunks(channels)) {
            let start = (row * side + column) * channels;
            alive::add(&mut lanes[start..start + channels], values);
        }
    }
    dense.change(&[&patch, &patch], side, &mut sums);
    let each: Vec<&[Lane]> = changed.iter().map(Vec::as_slice).collect();
    for (updated, anew) in sums.iter().zip(dense.through(&each)) {
        close("changes", updated.as_flattened(), anew.as_flattened());
    }
}

/// The sign of a sum near 0 opens or closes a ReLU. One chain of all terms is off by 8e-7 here, sums of parts by 1.4e-7.
#[test]
fn a_long_sum_is_rounded_little() {
    let (inputs, units, mut state) = (30_000, 16, 1u32);
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let bound = 1.0 / (inputs as f32).sqrt();
    let weight: Vec<f32> = (0..inputs * units).map(|_| (2.0 * draw() - 1.0) * bound).collect();
    let row: Vec<f32> = (0..inputs).map(|_| draw()).collect();
    let dense = Dense::of(weight.clone(), vec![0.0; units], 1, inputs);
    let sums = dense.through(&[&alive::of_rows(&row, 1, inputs)]);
    let exact = |u: usize| (0..inputs).map(|i| f64::from(row[i]) * f64::from(weight[i * units + u])).sum::<f64>();
    let squares = (0..units).map(|u| (f64::from(sums[0][u][0]) - exact(u)).powi(2)).sum::<f64>();
    let error = (squares / units as f64).sqrt();
    assert!(error < 3e-7, "{error}");
}

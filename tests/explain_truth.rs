//! Planted truth: where classes differ at known electrodes and bands alone, the explanation finds these and beats random
//! rankings; where they do not differ, it says that nothing can be concluded.

use limbic::explain::report::ExplanationReport;
use limbic::explain::{Metric, Names, Options, TestSet, explain_folds};
use limbic::job::Job;
use limbic::prepare::dataset::{Dataset, Example, Recipe, Target};
use limbic::signal::{Montage, Seed};
use limbic::train::input::InputMaker;
use limbic::train::{CrossvalOptions, Differentiable, FitOptions, architecture, cross_validate};

const BANDS: [&str; 4] = ["theta", "alpha", "beta", "gamma"];
/// Electrodes and bands that rise in each class: twelve features, as many as a tenth of all.
const PLANTED: [(&str, &[&str], [usize; 2]); 3] = [
    ("joy", &["Fp1", "Fp2", "AF3", "AF4", "F3", "F4"], [1, 2]),
    ("fear", &["T7", "T8", "CP5", "CP6", "C3", "C4"], [2, 3]),
    ("calm", &["O1", "Oz", "O2", "PO3", "PO4", "Pz"], [0, 1]),
];

/// Whether a feature was planted in a class.
fn planted(class: usize, feature: usize, channels: &[String]) -> bool {
    let (_, electrodes, bands) = PLANTED[class];
    bands.contains(&(feature % 4)) && electrodes.contains(&channels[feature / 4].as_str())
}

/// Trials of six windows whose features are noise, of the trial and of the window; with `effect`, a class's own
/// features are higher.
fn dataset(effect: f64, seed: u64) -> Dataset {
    let channels = Montage::biosemi32().labels;
    let mut draws = Seed::new(seed);
    let mut examples = Vec::new();
    for trial in 0..36 {
        let label = trial % 3;
        let own: Vec<f64> = (0..128).map(|_| 0.5 * draws.normal()).collect();
        for window in 0..6 {
            let value = |f: usize, draws: &mut Seed| {
                (own[f] + 0.8 * draws.normal() + if planted(label, f, &channels) { effect } else { 0.0 }) as f32
            };
            let features = (0..128).map(|f| value(f, &mut draws)).collect();
            let (participant, session, stimulus) = ("P01".to_string(), "s1".to_string(), String::new());
            let time = f64::from(window);
            examples.push(Example { features, label, participant, session, trial: trial as u32, stimulus, time });
        }
    }
    let bands = BANDS.map(String::from).to_vec();
    let recipe = Recipe { kind: "psd".into(), channels, bands, parameters: Default::default() };
    let classes = PLANTED.iter().map(|p| p.0.to_string()).collect();
    Dataset { recipe, target: Target::Intended, classes, examples, simulated: true }
}

fn explained(data: &Dataset) -> ExplanationReport {
    let options = CrossvalOptions {
        folds: 3,
        seed: 3,
        fit: FitOptions { epochs: 12, batch: 32, learning_rate: 1e-3, ..FitOptions::default() },
        network: architecture("seed-a-cnn").expect("known"),
        hidden: 24,
        assignment: None,
        name: "eeg-test".into(),
        modality: "eeg".into(),
    };
    let result = cross_validate(data, &options, &Job::silent(), &mut |_, _| {}).expect("trains");
    println!("accuracy by trial {:.2}", result.scores.accuracy);
    let sets: Vec<TestSet> = result
        .folds
        .iter()
        .map(|fold| {
            let maker = InputMaker::of_card(&fold.card).expect("32 sites");
            let references: Vec<usize> = fold.training.iter().copied().step_by(4).collect();
            TestSet {
                inputs: maker.inputs(data, &fold.test).expect("fits"),
                labels: fold.test.iter().map(|&i| data.examples[i].label).collect(),
                trials: fold.test.iter().map(|&i| data.examples[i].trial as usize).collect(),
                references: maker.inputs(data, &references).expect("fits"),
                pixels: maker.pixels(),
            }
        })
        .collect();
    let folds: Vec<(&dyn Differentiable, &TestSet)> =
        result.folds.iter().zip(&sets).map(|(fold, set)| (&fold.network as &dyn Differentiable, set)).collect();
    let names = Names {
        model: "eeg-test".into(),
        recipe: data.recipe.id(),
        channels: data.recipe.channels.clone(),
        bands: data.recipe.bands.clone(),
        classes: data.classes.clone(),
        simulated: true,
    };
    let options = Options { metric: Metric::Probability, seed: 5, ..Options::default() }.within(6_000, 3);
    explain_folds(&folds, &names, &options, &Job::silent()).expect("explains")
}

#[test]
fn planted_electrodes_and_bands_are_found() {
    let report = explained(&dataset(1.5, 1));
    for (c, class) in report.classes.iter().enumerate() {
        println!("{}: {}; {}", class.class, class.verdict, class.words);
        let winner = class.winner.expect("a winner");
        let result = &class.explainers[winner];
        let mut order: Vec<usize> = (0..128).collect();
        order.sort_by(|a, b| result.map[*b].total_cmp(&result.map[*a]));
        // The top 10 % of 128 features, against those of this class alone.
        let hits = order[..12].iter().filter(|f| planted(c, **f, &report.channels)).count();
        println!("{hits} of 12; QT {:?} in {:?}, random {:?}", result.qt, result.qt_interval, class.random_interval);
        assert!(hits as f64 / 12.0 >= 0.8, "{}: {hits} of 12", class.class);
        assert!(result.qt_interval.expect("interval").1 < class.random_interval.expect("interval").0);
    }
    assert!(report.checks.iter().any(|c| c.contains("changes when")) && !report.checks.iter().any(|c| c.contains("NOT PASSED")));
    assert!(report.checks.iter().any(|c| c.contains("from 3 folds")), "{:?}", report.checks);
}

#[test]
fn without_an_effect_nothing_is_concluded() {
    let report = explained(&dataset(0.0, 2));
    for class in &report.classes {
        println!("{}: {}", class.class, class.verdict);
        assert_eq!(class.winner, None, "{}", class.verdict);
    }
    assert!(report.caveats.iter().any(|c| c.starts_with("Nothing can be concluded")), "{:?}", report.caveats);
}

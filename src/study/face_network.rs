//! Which face network is trained, and what it stands on: layers of its own, or a frozen backbone.

use crate::native::Model;
use crate::prepare::face_map::KIND;
use crate::study::StudyError;
use crate::study::explained::FACE_NETWORK;
use crate::train::architecture;

/// What PAtt-Lite stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stands {
    /// On layers of its own, trained with it from grey crops.
    #[default]
    Scratch,
    /// On the frozen MobileNetV2 of `limbic setup --models`.
    MobileNetV2,
    /// On the frozen EfficientNet-Lite0 of the same.
    EfficientNetLite0,
}

impl Stands {
    pub const ALL: [Stands; 3] = [Stands::Scratch, Stands::MobileNetV2, Stands::EfficientNetLite0];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Stands::Scratch => "scratch",
            Stands::MobileNetV2 => "mobilenet-v2",
            Stands::EfficientNetLite0 => "efficientnet-lite0",
        }
    }

    /// The frozen network, if there is one.
    pub fn model(self) -> Option<Model> {
        match self {
            Stands::Scratch => None,
            Stands::MobileNetV2 => Some(Model::MobileNetV2),
            Stands::EfficientNetLite0 => Some(Model::EfficientNetLite0),
        }
    }
}

/// The face network of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceNetwork {
    pub name: &'static str,
    pub stands: Stands,
}

impl Default for FaceNetwork {
    fn default() -> Self {
        FaceNetwork { name: FACE_NETWORK, stands: Stands::Scratch }
    }
}

impl FaceNetwork {
    /// Of the words on the command line. A backbone alone asks for PAtt-Lite.
    ///
    /// # Errors
    /// An unknown word, a network of something else than faces, a backbone for a network that has none.
    pub fn named(network: Option<&str>, backbone: Option<&str>) -> Result<FaceNetwork, StudyError> {
        let of = |word: &str| Stands::ALL.into_iter().find(|s| s.word() == word);
        let stands = backbone.map_or(Ok(Stands::Scratch), |b| of(b).ok_or_else(|| StudyError::UnknownBackbone(b.into())))?;
        let name = network.unwrap_or(if backbone.is_some() { "patt-lite" } else { FACE_NETWORK });
        let found = architecture(name).ok_or_else(|| StudyError::NoNetwork(name.into()))?;
        if !(found.takes)("face") {
            return Err(StudyError::NoFaceNetwork { network: name.into(), wants: found.wants });
        }
        match backbone {
            Some(_) if !(found.takes)(KIND) => Err(StudyError::NoBackboneFor(name.into())),
            _ => Ok(FaceNetwork { name: found.name, stands }),
        }
    }

    /// Kind of the recipe of what it takes.
    pub fn kind(self) -> &'static str {
        if self.stands == Stands::Scratch { "face" } else { KIND }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backbone_is_a_choice_of_patt_lite_alone() {
        let named = |network, backbone| FaceNetwork::named(network, backbone).map(|f| (f.name, f.stands));
        assert!(matches!(named(None, None), Ok(("face-small", Stands::Scratch))));
        assert!(matches!(named(None, Some("scratch")), Ok(("patt-lite", Stands::Scratch))));
        assert!(matches!(named(Some("patt-lite"), Some("mobilenet-v2")), Ok(("patt-lite", Stands::MobileNetV2))));
        assert!(matches!(named(None, Some("efficientnet-lite0")), Ok(("patt-lite", Stands::EfficientNetLite0))));
        for (network, backbone, wanted) in [
            (Some("face-small"), Some("mobilenet-v2"), "stands on no backbone"),
            (Some("seed-a-cnn"), Some("mobilenet-v2"), "stands on no backbone"),
            (Some("eeg-itnet"), None, "takes"),
            (Some("absent"), None, "no network is called absent"),
            (None, Some("vgg"), "scratch, mobilenet-v2 or efficientnet-lite0"),
        ] {
            let why = FaceNetwork::named(network, backbone).expect_err("refused").to_string();
            assert!(why.contains(wanted), "{why}");
        }
    }
}

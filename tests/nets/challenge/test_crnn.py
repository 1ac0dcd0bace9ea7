"""Table 5 of Kang and Wen to the last parameter, and the lengths of the stages (counted from their public code)."""

from itertools import product

import pytest
import torch

from cardiov_core.nets import build_net, count_parameters, list_nets
from cardiov_core.nets.challenge.crnn import BACKBONES, Crnn

# Backbone -> 1 and 2 linear layers; with SE; with LSTM; with LSTM and SE (26 classes, 12 leads).
PARAMETERS = {
    "resnet_nc_se": (6792522, 7139530, 6818482, 7165490, 8471498, 8882378, 8508794, 8919674),
    "resnet_nc_bs": (8752026, 10057114, 9163066, 10468154, 11880602, 12291482, 11917898, 12328778),
    "resnet_nc_bg": (9642590, 10947678, 10053630, 11358718, 12771166, 13182046, 12808462, 13219342),
    "tresnet_n": (14006620, 15822684, 14811452, 16627516, 17908316, 18319196, 17945612, 18356492),
    "tresnet_p": (8103359, 9919423, 8908191, 10724255, 12005055, 12415935, 12042351, 12453231),
    "tresnet_f": (1229382, 2278982, 1492678, 2542278, 3971398, 4382278, 4008694, 4419574),
    "branched": (6767738, 7945082, 7100810, 8278154, 9703034, 10113914, 9740330, 10151210),
    "branched_lw": (2333978, 4661018, 3663674, 5990714, 7008794, 7419674, 7046090, 7456970),
}
STAGES = {
    "resnet_nc_se": [(128, 1250), (192, 313), (256, 79), (320, 20)],
    "resnet_nc_bs": [(512, 1250), (768, 313), (1024, 79), (1280, 20)],
    "resnet_nc_bg": [(512, 1250), (768, 313), (1024, 79), (1280, 20)],
    "tresnet_n": [(56, 1250), (112, 625), (896, 313), (1792, 157)],
    "tresnet_p": [(56, 1250), (112, 625), (896, 313), (1792, 157)],
    "tresnet_f": [(32, 1250), (64, 625), (512, 313), (1024, 157)],
    "branched": [(288, 2500), (576, 1250), (1152, 625)],
    "branched_lw": [(576, 2500), (1152, 1250), (2304, 625)],
}
OF_LEADS = {
    "resnet_nc_se": {12: 8919674, 6: 8913146, 4: 8910970, 3: 8909882, 2: 8908794},
    "branched_lw": {12: 7456970, 6: 6840074, 4: 5108042, 3: 5665610, 2: 4325066},
}


@pytest.mark.parametrize("backbone", PARAMETERS)
def test_parameters_are_those_of_table_5(backbone: str) -> None:
    with torch.device("meta"):
        found = [
            count_parameters(Crnn(12, 26, backbone=backbone, lstm=lstm, attention=attention, n_linear=n_linear))
            for lstm, attention, n_linear in product((False, True), ("none", "se"), (1, 2))
        ]
    assert tuple(found) == PARAMETERS[backbone]


@pytest.mark.parametrize("backbone", STAGES)
def test_stages_are_as_wide_and_long_as_published(backbone: str) -> None:
    shapes: list[tuple[int, int]] = []
    with torch.device("meta"):
        net = BACKBONES[backbone](12)
        for stage in net.get_submodule("stages").children():
            stage.register_forward_hook(lambda _m, _i, output: shapes.append((output.shape[1], output.shape[2])))
        net(torch.zeros(1, 12, 5000))
    assert shapes == STAGES[backbone]


@pytest.mark.parametrize(("backbone", "n_leads"), [(name, n) for name, row in OF_LEADS.items() for n in row])
def test_parameters_of_fewer_leads(backbone: str, n_leads: int) -> None:
    with torch.device("meta"):
        net = build_net(f"{backbone}-lstm-se-2linear", n_leads, 26)
    assert count_parameters(net) == OF_LEADS[backbone][n_leads]


def test_stage_parameters_of_resnet_nc_se() -> None:
    with torch.device("meta"):
        net = BACKBONES["resnet_nc_se"](12)
    parts = [net.get_submodule("stem"), *net.get_submodule("stages").children()]
    assert [count_parameters(part) for part in parts] == [13_248, 430_992, 1_079_640, 2_017_056, 3_243_240]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_fewer_leads_and_samples_are_read_too(backbone: str) -> None:
    net = build_net(f"{backbone}-lstm-se-2linear", 2, 5).eval()
    with torch.inference_mode():
        assert net(torch.randn(2, 2, 250)).shape == (2, 5)


def test_every_row_of_table_5_has_a_name() -> None:
    names = {info.name for info in list_nets()}
    assert {name for name in names if name.startswith("resnet_nc_bs")} == {
        "resnet_nc_bs" + parts
        for parts in ("", "-2linear", "-se", "-se-2linear", "-lstm", "-lstm-2linear", "-lstm-se", "-lstm-se-2linear")
    }
    assert {f"{backbone}-lstm-se-2linear" for backbone in BACKBONES} <= names


def test_networks_of_some_leads_give_what_the_whole_gives_for_them() -> None:
    torch.manual_seed(0)
    whole = BACKBONES["branched_lw"](12).eval()
    leads = (0, 1, 7)
    part = whole.of_leads(leads)
    x = torch.randn(2, 12, 400)
    with torch.inference_mode():
        assert torch.allclose(part(x[:, leads]), whole(x)[:, whole.channels_of(leads)], atol=1e-5)


def test_a_network_of_some_leads_begins_with_their_part_of_the_backbone() -> None:
    whole = build_net("branched_lw-lstm-se-2linear", 12, 5).eval()
    assert isinstance(whole, Crnn)
    leads = (1, 7)
    part = whole.of_leads(leads)
    assert part is not None
    part.eval()
    assert part.backbone.n_channels == 2 * 3 * 4 * 16
    x = torch.randn(2, 12, 400)
    with torch.inference_mode():
        expected = whole.backbone(x)[:, whole.backbone.channels_of(leads)]  # type: ignore[operator]
        assert torch.allclose(part.backbone(x[:, leads]), expected, atol=1e-5)
        assert part(x[:, leads]).shape == (2, 5)
    assert Crnn(12, 5, backbone="tresnet_f").of_leads(leads) is None
    with pytest.raises(ValueError, match="goes with the backbone branched_lw"):
        Crnn(2, 5, backbone="tresnet_f", channels_a_lead=16)

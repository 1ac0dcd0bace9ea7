"""GE MUSE: which of a document's waveforms is the rhythm ECG."""

from xml.etree.ElementTree import Element

from cardiov_core.io.carts.ecgdatakit_file import no_rhythm

_FORMAT = "GE MUSE XML"


def choose_rhythm(root: Element, name: str) -> tuple[str, ...]:
    """Leave one rhythm waveform in a document; leads of others that were recorded with it are put into it."""
    waveforms = root.findall("Waveform")
    rhythms = [one for one in waveforms if _text(one, "WaveformType").casefold() in {"rhythm", ""}]
    if waveforms and not rhythms:
        raise no_rhythm(name, _FORMAT, only_median=True)
    if len(rhythms) < 2:
        return ()
    main = max(rhythms, key=lambda one: (_samples(one), len(one.findall("LeadData"))))
    left = []
    for other in rhythms:
        if other is main:
            continue
        root.remove(other)
        if _axis(other) == _axis(main) and not _leads(other) & _leads(main):
            main.extend(other.findall("LeadData"))
        else:
            left.append(f"{len(other.findall('LeadData'))} leads of {_samples(other)} samples")
    return (f"The file holds other rhythm waveforms, which were left out: {', '.join(left)}.",) if left else ()


def _axis(waveform: Element) -> tuple[str, str, int]:
    return _text(waveform, "SampleBase"), _text(waveform, "SampleExponent"), _samples(waveform)


def _leads(waveform: Element) -> set[str]:
    return {_text(lead, "LeadID").casefold() for lead in waveform.findall("LeadData")}


def _samples(waveform: Element) -> int:
    lead = waveform.find("LeadData")
    if lead is None:
        return 0
    stated = _text(lead, "LeadSampleCountTotal")
    # Four letters of Base64 are three bytes, and a sample has two.
    return int(stated) if stated.isdecimal() else len(_text(lead, "WaveFormData")) * 3 // 8


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()

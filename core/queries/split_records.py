"""What a split needs to know of a signal."""

from core.evaluation.records import RecordInfo
from core.models import Signal


def describe_record(signal: Signal, label: str) -> RecordInfo:
    """Return a signal as splits see it; `label` is fault_class, severity or both joined by a plus."""
    parts = {"fault_class": signal.fault_class, "severity": signal.severity}
    return RecordInfo(
        key=signal.id,
        label=" ".join(parts[part] for part in label.split("+") if parts[part] != "nominal" or label == part),
        num_samples=signal.num_samples,
        rate_hz=signal.sampling_rate_hz,
        record=signal.meta_data.get("record", signal.signal_id),
        bearing_id=signal.bearing_id,
        machine_id=signal.machine_id,
        load=signal.load,
        severity=signal.severity,
        checksum=signal.checksum,
        native_rate_hz=signal.meta_data.get("original_rate_hz"),
        adc_step=signal.meta_data.get("adc_step"),
    )

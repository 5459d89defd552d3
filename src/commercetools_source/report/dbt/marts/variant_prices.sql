-- Prices of published variants that hold now, one row each: prices of their own, or standalone prices by SKU.

with variants as (

    select product_id, variant_id, sku, product_name, price_mode
    from {{ ref('current_variants') }}
    where is_published

),

prices as (

    select variants.*, price.* exclude (productId, staged, variantId)
    from variants
    join {{ source('commercetools', 'product_variant_prices') }} as price
        on price.productId = variants.product_id and price.variantId = variants.variant_id and not price.staged
    where variants.price_mode = 'Embedded'

    union all by name

    select variants.*, price.* exclude (sku)
    from variants
    join {{ source('commercetools', 'standalone_prices') }} as price on price.sku = variants.sku and price.active
    where variants.price_mode = 'Standalone'

)

select
    product_id,
    variant_id,
    sku,
    product_name,
    id as price_id,
    price_mode,
    value_currency as currency,
    country,
    customerGroup_id as customer_group_id,
    channel_id,
    validFrom as valid_from,
    validUntil as valid_until,
    value_amount as price,
    discounted_value_amount as discounted_price,
    discounted_discount_id as product_discount_id
from prices
where
    (validFrom is null or validFrom <= timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}')
    and (validUntil is null or validUntil > timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}')
